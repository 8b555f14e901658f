package image

import (
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// A WriteSet is what a transaction touched in a namespace. Only that, and what
// follows from it, is restored: the rest is what other programs made of it
// meanwhile.
type WriteSet struct {
	All      bool       `json:"all,omitempty"` // everything; for tests, and where nobody else writes
	Links    []LinkRef  `json:"links,omitempty"`
	Routes   []RouteRef `json:"routes,omitempty"`
	Rules    []RuleRef  `json:"rules,omitempty"`
	Nexthops []uint32   `json:"nexthops,omitempty"`
	Sysctls  []string   `json:"sysctls,omitempty"` // below /proc/sys/net: ipv4/ip_forward
	Tables   []string   `json:"tables,omitempty"`  // of nftables: inet filter
	Labels   bool       `json:"labels,omitempty"`  // the labels of IPv6 addresses
	Ours     Ours       `json:"-"`                 // what was made of it, for Judge
}

// A LinkRef is a link, by its number (0 when it is not known) and the name it
// had.
type LinkRef struct {
	Index int32  `json:"index,omitempty"`
	Name  string `json:"name"`
	Only  Touch  `json:"only,omitempty"`
}

// A Touch says what of a link was touched. None is the link itself: then its
// addresses, routes, neighbours, qdiscs and parameters may be gone too.
type Touch uint

const (
	Addrs   Touch = 1 << iota // its addresses; routes and neighbours may have gone with them
	Neighs                    // its neighbours and forwarding entries
	Traffic                   // its qdiscs, classes and filters
)

// A RouteRef is the routes of a table to a destination, whatever their metric.
type RouteRef struct {
	Family byte         `json:"family"` // as in socket(2); 28 is MPLS
	Table  uint32       `json:"table"`
	Dest   netip.Prefix `json:"dest,omitzero"` // zero: all of the table
}

// A RuleRef is the rules of a priority.
type RuleRef struct {
	Family   byte   `json:"family"`
	Priority uint32 `json:"priority"`
}

// Empty reports whether nothing was touched.
func (s *WriteSet) Empty() bool {
	return !s.All && !s.Labels && len(s.Links)+len(s.Routes)+len(s.Rules)+len(s.Nexthops)+len(s.Sysctls)+len(s.Tables) == 0
}

// A scope answers what is touched, for one image.
type scope struct {
	WriteSet
	whole, addrs, neighs, traffic map[string]bool // names of links
	mirrors                       map[string]bool // links that send packets to touched ones: see findMirrors
	sources                       map[string]bool // addresses of touched links, as routes name them
	nexthops                      map[uint32]bool
	sysctls                       map[string]bool
	prefixes                      []string        // of parameters: those of a link, those that follow from one for all
	everyAddr                     bool            // IPv6 was switched off or on for all links that there were
	there                         map[string]bool // links that there were
}

func newScope(set WriteSet, pre *Image) *scope {
	s := &scope{WriteSet: set, whole: map[string]bool{}, addrs: map[string]bool{}, neighs: map[string]bool{}, traffic: map[string]bool{}, mirrors: map[string]bool{},
		sources: map[string]bool{}, nexthops: map[uint32]bool{}, sysctls: map[string]bool{}, there: map[string]bool{}}
	names := map[int32]string{}
	for _, l := range pre.links() {
		names[l.index] = l.name
		s.there[l.name] = true
	}
	for _, l := range set.Links {
		if name := names[l.Index]; name != "" {
			l.Name = name
		}
		if l.Only == 0 {
			s.whole[l.Name] = true
		}
		s.addrs[l.Name] = s.addrs[l.Name] || l.Only == 0 || l.Only&Addrs != 0
		// The last IPv4 address takes the neighbours along (fib_frontend.c:
		// fib_disable_ip).
		s.neighs[l.Name] = s.neighs[l.Name] || l.Only == 0 || l.Only&(Neighs|Addrs) != 0
		s.traffic[l.Name] = s.traffic[l.Name] || l.Only == 0 || l.Only&Traffic != 0
	}
	for _, id := range set.Nexthops {
		s.nexthops[id] = true
	}
	for _, key := range set.Sysctls {
		s.addSysctl(key)
	}
	for name := range s.whole {
		for _, d := range deviceDirs {
			s.prefixes = append(s.prefixes, d+name+"/")
		}
	}
	return s
}

// addSysctl adds a parameter and those that its writing changes.
func (s *scope) addSysctl(key string) {
	for _, changed := range changedBy(key) {
		s.sysctls[changed] = true
	}
	dev := sysctlDevice(key)
	if strings.HasPrefix(key, "ipv6/conf/") && slices.Contains([]string{"disable_ipv6", "addr_gen_mode", "forwarding", "accept_ra"}, last(key)) {
		s.addrs[dev], s.neighs[dev] = true, true
		s.everyAddr = s.everyAddr || dev == "all" || dev == "default"
	}
}

// changedBy gives the parameters that writing one changes, itself first, with a
// star for every link: one of all links (addrconf.c: addrconf_disable_change) or of
// links to come (devinet_copy_dflt_conf, neigh_copy_dflt_parms) changes that of
// each, and some are another one too.
func changedBy(key string) []string {
	list := []string{key}
	dir, what := key[:len(key)-len(last(key))], last(key)
	switch {
	case key == "ipv4/ip_forward", key == "ipv4/conf/all/forwarding": // devinet.c: inet_forward_change
		return append(list, "ipv4/ip_forward", "ipv4/conf/all/forwarding", "ipv4/conf/*/forwarding", "ipv4/conf/all/accept_redirects")
	case strings.HasPrefix(key, "ipv6/conf/") && what == "stable_secret": // addrconf.c: addrconf_sysctl_stable_secret
		list = append(list, dir+"addr_gen_mode")
	case (strings.HasPrefix(key, "ipv4/neigh/") || strings.HasPrefix(key, "ipv6/neigh/")) && otherUnit[what] != "":
		list = append(list, dir+otherUnit[what])
	}
	if dev := sysctlDevice(key); dev == "all" || dev == "default" {
		for _, one := range slices.Clone(list) {
			list = append(list, starred(one))
		}
	}
	return list
}

// otherUnit are the parameters of neighbour tables that show the same as another
// one in other units (neighbour.c: neigh_sysctl_table).
var otherUnit = map[string]string{
	"base_reachable_time": "base_reachable_time_ms", "base_reachable_time_ms": "base_reachable_time",
	"retrans_time": "retrans_time_ms", "retrans_time_ms": "retrans_time",
	"unres_qlen": "unres_qlen_bytes", "unres_qlen_bytes": "unres_qlen",
}

func (s *scope) link(name string) bool { return s.All || s.whole[name] }

func (s *scope) addr(name string) bool {
	return s.All || s.addrs[name] || s.everyAddr && s.there[name]
}

func (s *scope) neigh(name string) bool {
	return s.All || s.neighs[name] || s.everyAddr && s.there[name]
}

func (s *scope) tc(name string) bool { return s.All || s.traffic[name] }

func (s *scope) sysctl(key string) bool {
	if s.All || s.sysctls[key] {
		return true
	}
	if s.sysctls[starred(key)] {
		return true
	}
	return slices.ContainsFunc(s.prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
}

func (s *scope) table(name string) bool { return s.All || slices.Contains(s.Tables, name) }

// route reports whether a route was touched, or may have gone with what was.
func (s *scope) route(v *view, r route) bool {
	if s.All {
		return true
	}
	if slices.ContainsFunc(s.Routes, func(ref RouteRef) bool {
		if ref.Family != r.family || ref.Table != r.table {
			return false
		}
		want := "default"
		if ref.Dest.IsValid() && ref.Dest.Bits() > 0 {
			want = ref.Dest.String()
		}
		return !ref.Dest.IsValid() || want == r.prefix()
	}) {
		return true
	}
	if slices.ContainsFunc(v.routeLinks(r), s.addr) {
		return true
	}
	if src := find(r.attrs, unix.RTA_PREFSRC); src != nil && s.sources[address(nil, src)] {
		return true
	}
	return s.nexthops[u32of(find(r.attrs, rtaNHID))]
}

func (s *scope) rule(v *view, m Message) bool {
	if s.All {
		return true
	}
	return slices.Contains(s.Rules, RuleRef{m.Data[0], u32of(find(m.Data[12:], unix.FRA_PRIORITY))})
}

// nexthop reports whether a nexthop was touched; so is a group with one that
// was.
func (s *scope) nexthop(v *view, m Message) bool {
	id := u32of(find(m.Data[8:], nhaID))
	in := s.All || s.nexthops[id] || s.addr(v.nexthopLink(m))
	for g := find(m.Data[8:], nhaGroup); len(g) >= 8; g = g[8:] {
		in = in || s.nexthops[native.Uint32(g)]
	}
	if in {
		s.nexthops[id] = true
	}
	return in
}

// rtaNHID is RTA_NH_ID (linux/rtnetlink.h).
const rtaNHID = 30
