package host

import (
	"net/netip"
	"time"
)

// An Op is one change to the network: plain data that prints as a line of the
// language, compares with ==-like equality of its fields, and can be written
// to a journal and read back.
type Op interface {
	String() string
	Spaces() []string // the namespaces it writes to
	op()
}

// A Verb says what an Op does with an address, route, rule or neighbour.
type Verb string

// The verbs, as iproute2 spells them.
const (
	Add     Verb = "add"
	Change  Verb = "change"
	Replace Verb = "replace"
	Append  Verb = "append"
	Del     Verb = "del"
)

// NamespaceAdd makes a named namespace with lo up.
type NamespaceAdd struct{ Name string }

// NamespaceAdopt gives a name to a namespace that something else made.
type NamespaceAdopt struct{ Name, Path string }

// NamespaceDel removes a name; the namespace goes with its last user. With an
// ID it only removes that very namespace, at once; without, it may be buried
// until the transaction is over.
type NamespaceDel struct {
	Name string
	ID   uint64 `json:",omitempty"` // the namespace's cookie; 0: whatever bears the name

	// Inode is that of the file that was to bear the name, should the namespace
	// never have been bound over it.
	Inode uint64 `json:",omitempty"`

	// Made says that we made it: it is emptied even if a program is in it.
	Made bool `json:",omitempty"`
}

// LinkAdd makes an interface, or a veth pair: both ends where they belong, in
// one request.
type LinkAdd struct {
	Link Link
	Peer *Link `json:",omitempty"` // the other end of a veth
}

// LinkDel removes an interface. With an Index or MAC it only removes that very
// one, at once; without, it may be buried until the transaction is over.
type LinkDel struct {
	NS, Name string
	Index    int    `json:",omitempty"`
	MAC      string `json:",omitempty"`

	// Made says that we made it, though nothing but its name was known before.
	Made bool `json:",omitempty"`
}

// LinkSet changes an interface; a nil field stays as it is. They are applied
// in the order of the fields.
type LinkSet struct {
	NS, Name string
	Down     bool    `json:",omitempty"` // set down first of all
	NewName  *string `json:",omitempty"`
	MAC      *string `json:",omitempty"`
	MTU      *int    `json:",omitempty"` // bytes
	Master   *string `json:",omitempty"` // "" takes it out of its master
	Alias    *string `json:",omitempty"`
	Promisc  *bool   `json:",omitempty"`
	Up       bool    `json:",omitempty"` // set up last of all
	Bridge   *Bridge `json:",omitempty"` // attributes of a bridge to change
}

// LinkMove moves an interface to another namespace with its addresses, routes,
// MTU and up state. Where one of them has no place there, the move is refused,
// unless it takes one back: what follows restores what it has to leave out.
type LinkMove struct {
	NS, Name, To string
	Index        int `json:",omitempty"` // of one that takes back: its number there, if that is free
}

// AddrSet adds, replaces or removes an address.
type AddrSet struct {
	Verb Verb
	Addr Addr
}

// RouteSet adds, changes, replaces, appends or removes a route.
type RouteSet struct {
	Verb  Verb
	Route Route
}

// RuleSet adds or removes a routing policy rule.
type RuleSet struct {
	Verb Verb
	Rule Rule
}

// NeighSet adds, replaces or removes a neighbour entry.
type NeighSet struct {
	Verb  Verb
	Neigh Neigh
}

// SysctlSet writes a kernel parameter, by its dotted name.
type SysctlSet struct{ NS, Key, Value string }

// HostsAdd adds a line to the namespace's own /etc/hosts (/etc/netns/NS/hosts).
type HostsAdd struct {
	NS    string
	IP    netip.Addr
	Names []string
}

// DNSSet makes these the namespace's name servers (/etc/netns/NS/resolv.conf).
type DNSSet struct {
	NS      string
	Servers []netip.Addr
}

// FileRestore puts a file under /etc/netns back to what it was; Absent removes
// it, and its directory when that was made for it.
type FileRestore struct {
	NS, Name  string // Name: hosts, resolv.conf
	Absent    bool   `json:",omitempty"`
	DirAbsent bool   `json:",omitempty"`
	EtcAbsent bool   `json:",omitempty"` // /etc/netns itself was made for it
	Content   []byte `json:",omitempty"`
	Mode      uint32 `json:",omitempty"`
}

// GroupAdd begins a group of programs: what is started in it (Cmd.Group), and
// all that those start in turn, ends with its undo.
type GroupAdd struct {
	ID  string // letters and digits; no other group has it, of this run or another
	Log string `json:",omitempty"` // the file that goes with the group
}

// GroupKill ends all programs of a group for good, and removes what there is
// of it.
type GroupKill struct {
	ID  string
	Dir string `json:",omitempty"` // its cgroup
	Log string `json:",omitempty"` // its log
	// Late leaves it until the transaction is committed; till then they run.
	Late bool `json:",omitempty"`
}

// A Link is an interface: what to make, and, in a State, what there is.
type Link struct {
	NS, Name string
	Kind     string // veth bridge tap tun dummy ifb macvlan vxlan … as ip-link(8) spells it; "" for a physical device
	MAC      string `json:",omitempty"`
	MTU      int    `json:",omitempty"` // bytes; 0: the kernel's default
	Up       bool   `json:",omitempty"`
	Master   string `json:",omitempty"` // the bridge it is a port of
	Parent   string `json:",omitempty"` // the interface it is stacked on
	Alias    string `json:",omitempty"`
	Promisc  bool   `json:",omitempty"`

	Bridge  *Bridge  `json:",omitempty"`
	Tun     *Tun     `json:",omitempty"`
	Macvlan *Macvlan `json:",omitempty"`
	VXLAN   *VXLAN   `json:",omitempty"`

	// Only in a State.
	Index   int    `json:",omitempty"`
	Oper    string `json:",omitempty"` // operstate as ip-link(8) prints it
	Carrier bool   `json:",omitempty"` // something is at its other end (LOWER_UP); Oper may be late
	Peer    *End   `json:",omitempty"` // the other end of a veth, where it can be seen
	MaxMTU  int    `json:",omitempty"`
	MinMTU  int    `json:",omitempty"`
}

// An End is an interface by namespace and name:  h1:eth0
type End struct{ NS, Name string }

// Aggregates reports whether interfaces of a kind make one of several, as a
// bond does: it takes only ports that are down, brings them up with its MAC and
// MTU, and sets them down as they were when they leave it.
func Aggregates(kind string) bool { return kind == "bond" || kind == "team" }

// Bridge holds the attributes of a bridge (ip-link(8), "BRIDGE Type Support").
// A nil field is left to the kernel.
type Bridge struct {
	STP           *bool          `json:",omitempty"`
	VLANFiltering *bool          `json:",omitempty"`
	Ageing        *time.Duration `json:",omitempty"`
}

// Tun holds the attributes of a persistent tun or tap device (ip-tuntap(8)).
type Tun struct {
	User, Group *int `json:",omitempty"`
	MultiQueue  bool `json:",omitempty"`
}

// Macvlan holds the mode of a macvlan: bridge private vepa passthru source.
type Macvlan struct{ Mode string }

// VXLAN holds the attributes of a VXLAN tunnel (RFC 7348).
type VXLAN struct {
	ID       int
	Local    netip.Addr
	Remote   netip.Addr // unicast or group; the zero address for none
	Port     int        // UDP; 0: 4789
	TTL      int        `json:",omitempty"`
	Learning *bool      `json:",omitempty"`
}

// An Addr is an address of an interface.
type Addr struct {
	NS, Link  string
	Prefix    netip.Prefix // host bits kept
	Peer      netip.Addr   `json:",omitzero"`
	Broadcast netip.Addr   `json:",omitzero"`
	Scope     string       `json:",omitempty"` // global link host; "": the kernel's choice
	Label     string       `json:",omitempty"`
	NoDAD     bool         `json:",omitempty"`

	Metric        int           `json:",omitempty"` // of the route to its subnet; 0: the kernel's
	NoPrefixRoute bool          `json:",omitempty"` // no route to its subnet
	Valid         time.Duration `json:",omitempty"` // lifetimes; 0: for ever
	Preferred     time.Duration `json:",omitempty"`

	Dynamic   bool `json:",omitempty"` // made by the kernel or a daemon; only in a State
	Tentative bool `json:",omitempty"` // duplicate detection runs; only in a State
}

// A Route is an entry of a routing table.
type Route struct {
	NS      string
	Dest    netip.Prefix // 0.0.0.0/0 and ::/0 for default
	Type    string       `json:",omitempty"` // blackhole unreachable prohibit throw; "" for unicast
	Via     netip.Addr   `json:",omitzero"`
	Dev     string       `json:",omitempty"`
	Src     netip.Addr   `json:",omitzero"`
	Metric  int          `json:",omitempty"`
	Table   int          `json:",omitempty"` // 0: main (254)
	Proto   int          `json:",omitempty"` // 0: static (4) when made here
	Scope   string       `json:",omitempty"` // global link host; "": by the form of the route
	OnLink  bool         `json:",omitempty"`
	Nexthop []Nexthop    `json:",omitempty"`
}

// A Nexthop is one way of a multipath route.
type Nexthop struct {
	Via    netip.Addr `json:",omitzero"`
	Dev    string     `json:",omitempty"`
	Weight int        `json:",omitempty"` // 1 to 256
	OnLink bool       `json:",omitempty"`
}

// A Rule is an entry of the routing policy (ip-rule(8)).
type Rule struct {
	NS       string
	Family   int          // 4 or 6
	Priority int          `json:",omitempty"` // 0: the kernel's choice
	Not      bool         `json:",omitempty"`
	From, To netip.Prefix `json:",omitzero"`
	IIf, OIf string       `json:",omitempty"`
	Mark     uint32       `json:",omitempty"`
	Mask     uint32       `json:",omitempty"`
	TOS      int          `json:",omitempty"`
	Table    int          `json:",omitempty"`
	Action   string       `json:",omitempty"` // blackhole unreachable prohibit; "" looks up Table
}

// A Neigh is an entry of the neighbour table (ip-neighbour(8)).
type Neigh struct {
	NS, Dev string
	IP      netip.Addr
	MAC     string `json:",omitempty"`
	Proxy   bool   `json:",omitempty"`
	State   string `json:",omitempty"` // only in a State: permanent reachable stale …
}

// A State is what one namespace holds.
type State struct {
	NS     string
	Links  []Link
	Addrs  []Addr
	Routes []Route // of all tables but local
	Rules  []Rule
	Neighs []Neigh
}

// Link returns the interface of that name.
func (s *State) Link(name string) (*Link, bool) {
	for i := range s.Links {
		if s.Links[i].Name == name {
			return &s.Links[i], true
		}
	}
	return nil, false
}

func (NamespaceAdd) op()   {}
func (NamespaceAdopt) op() {}
func (NamespaceDel) op()   {}
func (LinkAdd) op()        {}
func (LinkDel) op()        {}
func (LinkSet) op()        {}
func (LinkMove) op()       {}
func (AddrSet) op()        {}
func (RouteSet) op()       {}
func (RuleSet) op()        {}
func (NeighSet) op()       {}
func (SysctlSet) op()      {}
func (HostsAdd) op()       {}
func (DNSSet) op()         {}
func (FileRestore) op()    {}
func (GroupAdd) op()       {}
func (GroupKill) op()      {}

func (o NamespaceAdd) Spaces() []string   { return []string{o.Name} }
func (o NamespaceAdopt) Spaces() []string { return []string{o.Name} }
func (o NamespaceDel) Spaces() []string   { return []string{o.Name} }
func (o LinkDel) Spaces() []string        { return []string{o.NS} }
func (o LinkSet) Spaces() []string        { return []string{o.NS} }
func (o LinkMove) Spaces() []string       { return []string{o.NS, o.To} }
func (o AddrSet) Spaces() []string        { return []string{o.Addr.NS} }
func (o RouteSet) Spaces() []string       { return []string{o.Route.NS} }
func (o RuleSet) Spaces() []string        { return []string{o.Rule.NS} }
func (o NeighSet) Spaces() []string       { return []string{o.Neigh.NS} }
func (o SysctlSet) Spaces() []string      { return []string{o.NS} }
func (o HostsAdd) Spaces() []string       { return []string{o.NS} }
func (o DNSSet) Spaces() []string         { return []string{o.NS} }
func (o FileRestore) Spaces() []string    { return []string{o.NS} }
func (o GroupAdd) Spaces() []string       { return nil }
func (o GroupKill) Spaces() []string      { return nil }

// Spaces of a veth are those of both its ends.
func (o LinkAdd) Spaces() []string {
	if o.Peer == nil || o.Peer.NS == o.Link.NS {
		return []string{o.Link.NS}
	}
	return []string{o.Link.NS, o.Peer.NS}
}
