package host

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// What a script deletes is buried first, so that it can be brought back as it
// was; it goes for good when the transaction is committed. An interface lies
// in its place, down, without addresses and master, under a name nobody uses; a
// namespace lies under its cookie in a place of vnet's own.

// A Tomb tells one interface from all others, buried or not.
type Tomb struct {
	NS    string // what its namespace was called; "" for one without a name
	Space uint64 // the namespace's cookie
	Name  string // what the interface was called
	Kind  string `json:",omitempty"`
	Index int
	MAC   string `json:",omitempty"`
}

// A Grave is an interface with what goes when it is buried, as the kernel told
// it (rtnetlink(7), without struct nlmsghdr), in the kernel's order.
type Grave struct {
	Tomb
	Stays    bool     `json:",omitempty"` // it is not buried, but loses something, as a port of a bridge that is
	Gone     bool     `json:",omitempty"` // it was removed for good; others tell of it what they have lost
	Up       bool     `json:",omitempty"`
	Ready    bool     `json:",omitempty"` // it had settled: the kernel had given it all it gives
	Alt      []string `json:",omitempty"` // alternative names
	Master   int      `json:",omitempty"`
	Port     []byte   `json:",omitempty"` // IFLA_INFO_SLAVE_DATA
	PortKind string   `json:",omitempty"`
	Addrs    [][]byte `json:",omitempty"`
	Neighs   [][]byte `json:",omitempty"` // the permanent ones and proxies
	FDB      [][]byte `json:",omitempty"` // static entries of the bridge it is a port of
	VLANs    [][]byte `json:",omitempty"` // those it has as a port of a bridge: struct bridge_vlan_info
	MDB      [][]byte `json:",omitempty"` // permanent multicast groups there: struct br_mdb_entry with what follows
	GenMode  int      `json:",omitempty"` // how it gets its IPv6 link-local address (IFLA_INET6_ADDR_GEN_MODE)
}

// A Table holds the routes of a namespace that go with what is buried there,
// and all that have the same destination: their order counts.
type Table struct {
	NS       string
	Space    uint64
	Nexthops [][]byte `json:",omitempty"`
	Routes   [][]byte `json:",omitempty"`
}

// LinkExhume brings back what the deletion of an interface, or of a namespace
// its other end was in, has buried. It does what is left to do.
type LinkExhume struct {
	Graves []Grave // what others stand on first
	Dark   []Tomb  `json:",omitempty"` // what only lost its carrier, or got one: there is nothing left to do for it
	Tables []Table `json:",omitempty"`
	Taken  time.Time
}

// LinkPurge removes buried interfaces for good. What is gone is as good.
type LinkPurge struct{ Tombs []Tomb }

// NamespaceUnpark gives a namespace its name back.
type NamespaceUnpark struct {
	Name string
	ID   uint64 // its cookie
}

// NamespacePurge removes a namespace for good. What is gone is as good.
type NamespacePurge struct {
	Name string
	ID   uint64
}

func (LinkExhume) op()      {}
func (LinkPurge) op()       {}
func (NamespaceUnpark) op() {}
func (NamespacePurge) op()  {}

func (o LinkExhume) Spaces() []string { return tombSpaces(o.Tombs()) }

// Tombs lists all that it is about and that is there.
func (o LinkExhume) Tombs() []Tomb {
	list := slices.Clone(o.Dark)
	for _, g := range o.Graves {
		if !g.Gone {
			list = append(list, g.Tomb)
		}
	}
	return list
}

func (o LinkPurge) Spaces() []string       { return tombSpaces(o.Tombs) }
func (o NamespaceUnpark) Spaces() []string { return []string{o.Name} }
func (o NamespacePurge) Spaces() []string  { return []string{o.Name} }

func tombSpaces(tombs []Tomb) []string {
	var out []string
	seen := map[string]bool{"": true}
	for _, t := range tombs {
		if !seen[t.NS] {
			seen[t.NS] = true
			out = append(out, t.NS)
		}
	}
	return out
}

func (o LinkExhume) String() string {
	var names []string
	for _, g := range o.Graves {
		if !g.Stays {
			names = append(names, g.Tomb.String())
		}
	}
	switch {
	case len(names) == 0 && len(o.Tables) == 0:
		return "wait for carriers"
	case len(names) == 0:
		return "bring back routes"
	}
	return "bring back " + strings.Join(names, ", ")
}

func (o LinkPurge) String() string {
	names := make([]string, len(o.Tombs))
	for i, t := range o.Tombs {
		names[i] = t.String()
	}
	return "purge " + strings.Join(names, ", ")
}

func (o NamespaceUnpark) String() string { return "bring back ns " + o.Name }
func (o NamespacePurge) String() string  { return "purge ns " + o.Name }

// String names the interface as a script does.
func (t Tomb) String() string {
	if t.NS == "" {
		return t.Name + " in a namespace without a name"
	}
	return End{t.NS, t.Name}.String()
}

// Alias is what it is called while it is buried.
func (t Tomb) Alias() string { return fmt.Sprintf("~%d", t.Index) }
