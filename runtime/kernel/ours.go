package kernel

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
	"vnet/runtime/kernel/image"
)

// ours says what operations made of a namespace themselves, under the names
// that its interfaces had before.
func ours(ns string, ops []host.Op) image.Ours {
	o := &author{image.NewOurs(), map[string]string{}}
	for _, op := range ops {
		switch op := op.(type) {
		case host.LinkAdd:
			o.port(ns, &op.Link)
			o.port(ns, op.Peer)
		case host.LinkSet:
			o.linkSet(op)
		case host.LinkMove:
			o.Whole[o.was(op.Name)] = true
		case host.LinkDel:
			o.Whole[o.was(op.Name)] = true
		case host.LinkExhume:
			o.buried(ns, op.Graves)
			for _, t := range op.Dark {
				if t.NS == ns {
					o.Lossy[o.was(t.Name)] = true
				}
			}
		case host.AddrSet:
			link := o.was(op.Addr.Link)
			o.Objects[image.AddrID(link, op.Addr.Prefix)] = true
			if op.Verb != host.Add { // secondaries and routes go with it
				o.Lossy[link] = true
			}
		case host.NeighSet:
			id := image.NeighID(o.was(op.Neigh.Dev), op.Neigh.IP)
			o.Objects[id] = true
			o.Wrote(id, plainMAC(op.Neigh.MAC))
		case host.RouteSet:
			o.route(op.Route)
		case host.RuleSet:
			r := op.Rule
			o.Objects[image.RuleID(uint32(r.Priority), r.From, r.To, table(r.Table))] = true
		case host.SysctlSet:
			o.sysctl(op)
		}
	}
	return o.Ours
}

// plainMAC writes a MAC as the kernel shows it.
func plainMAC(s string) string {
	if mac, err := parseMAC(s); err == nil {
		return mac.String()
	}
	return s
}

// An author collects what operations make.
type author struct {
	image.Ours
	names map[string]string // what links were called at first
}

func (o *author) was(link string) string {
	if first, ok := o.names[link]; ok {
		return first
	}
	return link
}

// port notes that a new interface became a port: a master takes after its
// ports.
func (o *author) port(ns string, l *host.Link) {
	if l != nil && l.NS == ns && l.Master != "" {
		o.Lossy[o.was(l.Master)] = true
	}
}

// buried notes what a deletion did to all that goes with an interface: the far
// end, what stands on it, and what stays without a master, a port or a carrier.
func (o *author) buried(ns string, graves []host.Grave) {
	dead := map[int]bool{}
	for _, g := range graves {
		dead[g.Index] = dead[g.Index] || g.NS == ns && !g.Stays
	}
	for _, g := range graves {
		link := o.was(g.Name)
		switch {
		case g.NS != ns || g.Gone:
		case !g.Stays:
			o.Whole[link] = true
		default:
			o.Lossy[link] = true
			if dead[g.Master] {
				o.Wrote(image.LinkID(link, "master"), "")
			}
		}
	}
}

func (o *author) linkSet(op host.LinkSet) {
	link := o.was(op.Name)
	wrote := func(setting, value string) { o.Wrote(image.LinkID(link, setting), value) }
	if op.Down {
		wrote("up", "down")
	}
	if op.Up {
		wrote("up", "up")
	}
	if op.MAC != nil {
		wrote("mac", plainMAC(*op.MAC))
	}
	if op.MTU != nil {
		wrote("mtu", strconv.Itoa(*op.MTU))
	}
	if op.Alias != nil {
		wrote("alias", *op.Alias)
	}
	if op.Master != nil {
		wrote("master", o.was(*op.Master))
		if *op.Master != "" {
			o.Lossy[o.was(*op.Master)] = true
		}
	}
	if op.NewName != nil {
		o.names[*op.NewName] = link
	}
	// IPv6 ends and begins with an MTU, and some masters take a link down and up.
	if op.Master != nil || op.MTU != nil && *op.MTU < minMTU6 {
		o.Reset[link] = true
	}
	// Coming up it gets addresses, and other links what a carrier brings; what
	// goes with the rest is gone, or called otherwise.
	if op.Down || op.MAC != nil || op.Master != nil || op.NewName != nil || op.MTU != nil && *op.MTU < minMTU6 {
		o.Lossy[link] = true
	}
}

// sysctl notes a parameter. Those of IPv6 may switch it off for a link.
func (o *author) sysctl(op host.SysctlSet) {
	path, err := sysctlPath(op.Key)
	if err != nil {
		return
	}
	o.Wrote("sysctl "+path, op.Value)
	if rest, ok := strings.CutPrefix(path, "ipv6/conf/"); ok {
		dev, _, _ := strings.Cut(rest, "/")
		o.Lossy[o.was(dev)] = true
		o.Everywhere = o.Everywhere || dev == "all" || dev == "default"
	}
}

func (o *author) route(r host.Route) {
	id := image.RouteID(table(r.Table), r.Dest, uint32(r.Metric))
	o.Objects[id] = true
	gateways := []netip.Addr{r.Via}
	if len(r.Nexthop) > 0 {
		gateways = nil
		for _, n := range r.Nexthop {
			gateways = append(gateways, n.Via)
		}
	}
	o.Objects[image.WayID(id, gateways)] = true
}

func table(n int) uint32 {
	if n == 0 {
		return unix.RT_TABLE_MAIN
	}
	return uint32(n)
}

// Spare leaves out of an operation what somebody else has changed.
func (h *Host) Spare(ns string, v host.Verdict, op host.Op) host.Op {
	verdict, err := readVerdict(v)
	if verdict == nil || err != nil || !slices.Contains(op.Spaces(), ns) {
		return op
	}
	theirs := func(id string) bool { return verdict.Things[id] }
	switch op := op.(type) {
	case host.LinkSet:
		return spareLink(verdict, op)
	case host.AddrSet:
		if theirs(image.AddrID(verdict.Was(op.Addr.Link), op.Addr.Prefix)) {
			return nil
		}
	case host.NeighSet:
		if theirs(image.NeighID(verdict.Was(op.Neigh.Dev), op.Neigh.IP)) {
			return nil
		}
	case host.RouteSet:
		if theirs(image.RouteID(table(op.Route.Table), op.Route.Dest, uint32(op.Route.Metric))) {
			return nil
		}
	case host.RuleSet:
		if theirs(image.RuleID(uint32(op.Rule.Priority), op.Rule.From, op.Rule.To, table(op.Rule.Table))) {
			return nil
		}
	case host.SysctlSet:
		if path, err := sysctlPath(op.Key); err == nil && theirs("sysctl "+path) {
			return nil
		}
	}
	return op
}

func spareLink(v *image.Verdict, op host.LinkSet) host.Op {
	theirs := func(setting string) bool { return v.Things[image.LinkID(v.Was(op.Name), setting)] }
	if theirs("mac") {
		op.MAC = nil
	}
	if theirs("mtu") {
		op.MTU = nil
	}
	if theirs("master") {
		op.Master = nil
	}
	if theirs("alias") {
		op.Alias = nil
	}
	if theirs("up") {
		op.Up, op.Down = false, false
	}
	if op == (host.LinkSet{NS: op.NS, Name: op.Name}) {
		return nil
	}
	return op
}
