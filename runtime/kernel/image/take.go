package image

import (
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// A section is one kind of list the kernel gives.
type section string

const (
	secLink      section = "link"
	secAddr      section = "addr"
	secRoute4    section = "route4"
	secRoute6    section = "route6"
	secMPLS      section = "mpls"
	secRule      section = "rule"
	secNexthop   section = "nexthop"
	secNeigh     section = "neigh"
	secProxy     section = "proxy"
	secFDB       section = "fdb"
	secMDB       section = "mdb"
	secPort      section = "port" // bridge ports with their VLANs
	secVLAN      section = "vlan"
	secQdisc     section = "qdisc"
	secClass     section = "class"
	secFilter    section = "filter"
	secLabel     section = "addrlabel"
	secNeighTbl  section = "neightbl"
	secNetconf   section = "netconf"
	secFeatures  section = "features"
	secXfrmState section = "xfrm state"
	secXfrmRule  section = "xfrm policy"
)

// Messages and attributes that golang.org/x/sys/unix does not have
// (linux/rtnetlink.h, if_bridge.h, if_link.h, pkt_sched.h).
const (
	rtmGetMDB     = 86
	rtmNewMDB     = 84
	rtmDelMDB     = 85
	rtmGetVLAN    = 114
	rtmGetNetconf = 82

	afBridge = unix.AF_BRIDGE
	afMPLS   = 28

	extBrVLAN    = 1 << 1
	extSkipStats = 1 << 3

	ntfProxy = 8

	tcaKind          = 1
	tcaOptions       = 2
	tcaDumpInvisible = 10
	tcaChain         = 11
)

// header builds a fixed header of a size that begins with the address family.
func header(size int, family byte) []byte {
	b := make([]byte, size, size+8)
	b[0] = family
	return b
}

// lists are asked for in this order; where a kernel gives other families than
// asked for (6.18 without MPLS answers 28 with all), they are left out.
var lists = []struct {
	section section
	ask     uint16
	body    []byte
}{
	// Without statistics: they are large, change all the time, and mean nothing.
	{secLink, unix.RTM_GETLINK, put32(header(unix.SizeofIfInfomsg, unix.AF_UNSPEC), unix.IFLA_EXT_MASK, extSkipStats)},
	{secAddr, unix.RTM_GETADDR, header(unix.SizeofIfAddrmsg, unix.AF_UNSPEC)},
	{secRoute4, unix.RTM_GETROUTE, header(unix.SizeofRtMsg, unix.AF_INET)},
	{secRoute6, unix.RTM_GETROUTE, header(unix.SizeofRtMsg, unix.AF_INET6)},
	{secMPLS, unix.RTM_GETROUTE, header(unix.SizeofRtMsg, afMPLS)},
	{secRule, unix.RTM_GETRULE, header(12, unix.AF_UNSPEC)},
	{secNexthop, unix.RTM_GETNEXTHOP, header(8, unix.AF_UNSPEC)},
	{secNeigh, unix.RTM_GETNEIGH, header(unix.SizeofNdMsg, unix.AF_UNSPEC)},
	{secProxy, unix.RTM_GETNEIGH, proxyHeader()},
	{secFDB, unix.RTM_GETNEIGH, header(unix.SizeofNdMsg, afBridge)},
	{secMDB, rtmGetMDB, header(8, afBridge)},
	{secPort, unix.RTM_GETLINK, put32(header(unix.SizeofIfInfomsg, afBridge), unix.IFLA_EXT_MASK, extBrVLAN|extSkipStats)},
	{secVLAN, rtmGetVLAN, header(8, afBridge)},
	{secQdisc, unix.RTM_GETQDISC, qdiscHeader()},
	{secLabel, unix.RTM_GETADDRLABEL, header(12, unix.AF_INET6)},
	{secNeighTbl, unix.RTM_GETNEIGHTBL, header(4, unix.AF_UNSPEC)},
	{secNetconf, rtmGetNetconf, header(4, unix.AF_INET)},
	{secNetconf, rtmGetNetconf, header(4, unix.AF_INET6)},
	{secNetconf, rtmGetNetconf, header(4, afMPLS)},
}

// qdiscHeader asks for the qdiscs that tc does not list too.
func qdiscHeader() []byte { return put(header(20, unix.AF_UNSPEC), tcaDumpInvisible, nil) }

func proxyHeader() []byte {
	b := header(unix.SizeofNdMsg, unix.AF_UNSPEC)
	b[10] = ntfProxy
	return b
}

// takeDumps asks for lists: those of some sections, or all.
func (c *camera) takeDumps(img *Image, only ...section) error {
	for _, l := range lists {
		if len(only) > 0 && !slices.Contains(only, l.section) {
			continue
		}
		list, err := c.route.dump(l.ask, l.body)
		if err != nil {
			if absent(err) || err == unix.EINVAL {
				img.note("%s: %v", l.section, err)
				continue
			}
			return err
		}
		if family := l.body[0]; family != unix.AF_UNSPEC && family != afBridge {
			list = slices.DeleteFunc(list, func(m Message) bool { return len(m.Data) == 0 || m.Data[0] != family })
		}
		img.Dumps[l.section] = append(img.Dumps[l.section], list...)
		if l.section == secLink {
			if err := c.heed(img, l.ask, l.body); err != nil {
				return err
			}
		}
	}
	return nil
}

// heed makes the kernel act at once on the carriers of links, which it would
// come to within a second: what follows from one that was lost would look like a
// residue then. To be asked for a link does it since Linux 6.8 (linkwatch_sync_dev
// in rtnl_getlink). What stands on the link, or has it as a port, waits next.
func (c *camera) heed(img *Image, ask uint16, body []byte) error {
	asked := map[int32]bool{}
	for {
		before := len(asked)
		for _, l := range img.links() {
			if l.pending() && !asked[l.index] {
				asked[l.index] = true
				one := header(unix.SizeofIfInfomsg, unix.AF_UNSPEC)
				native.PutUint32(one[4:], uint32(l.index))
				_, _ = c.route.do(unix.RTM_GETLINK, 0, one) // one that is gone waits for nothing
			}
		}
		if len(asked) == before {
			return nil
		}
		list, err := c.route.dump(ask, body)
		if err != nil {
			return err
		}
		img.Dumps[secLink] = list
	}
}

// takeTraffic asks for the classes of each link with a qdisc that can have
// some, and for the filters under each qdisc and class: a dump without a
// parent tells only those of the root.
func (c *camera) takeTraffic(img *Image) error {
	asked := map[[2]uint32]bool{}
	var links []uint32
	parents := map[uint32][]uint32{}
	for _, q := range img.Dumps[secQdisc] {
		t := tcOf(q)
		kind := cString(find(t.attrs, tcaKind))
		if t.handle == 0 {
			continue // what the kernel put there by itself has no classes and takes no filters
		}
		if !slices.Contains(links, t.index) {
			links = append(links, t.index)
		}
		switch kind {
		case "clsact":
			parents[t.index] = append(parents[t.index], tcHIngress|tcMinIngress, tcHIngress|tcMinEgress)
		default:
			parents[t.index] = append(parents[t.index], t.handle)
		}
	}
	for _, index := range links {
		classes, err := c.route.dump(unix.RTM_GETTCLASS, tcHeader(index, 0, 0, 0))
		if err != nil {
			return err
		}
		img.Dumps[secClass] = append(img.Dumps[secClass], classes...)
		for _, k := range classes {
			parents[index] = append(parents[index], tcOf(k).handle)
		}
		for _, parent := range parents[index] {
			if asked[[2]uint32{index, parent}] {
				continue
			}
			asked[[2]uint32{index, parent}] = true
			filters, err := c.route.dump(unix.RTM_GETTFILTER, tcHeader(index, 0, parent, 0))
			if err != nil && err != unix.EINVAL { // a class that takes no filters
				return err
			}
			img.Dumps[secFilter] = append(img.Dumps[secFilter], filters...)
		}
	}
	return nil
}

// Places for filters (linux/pkt_sched.h).
const (
	tcHRoot      = 0xffffffff
	tcHIngress   = 0xffff0000
	tcMinIngress = 0xfff2
	tcMinEgress  = 0xfff3
)

// A tc is a message of traffic control (struct tcmsg).
type tc struct {
	index, handle, parent, info uint32
	attrs                       []byte
}

func tcOf(m Message) tc {
	if len(m.Data) < 20 {
		return tc{}
	}
	return tc{native.Uint32(m.Data[4:]), native.Uint32(m.Data[8:]), native.Uint32(m.Data[12:]), native.Uint32(m.Data[16:]), m.Data[20:]}
}

func tcHeader(index, handle, parent, info uint32) []byte {
	b := header(20, unix.AF_UNSPEC)
	native.PutUint32(b[4:], index)
	native.PutUint32(b[8:], handle)
	native.PutUint32(b[12:], parent)
	native.PutUint32(b[16:], info)
	return b
}

// Attributes of RTM_GETNSID (linux/net_namespace.h).
const (
	nsaID = 1
	nsaFD = 3
)

// takePeers gives names to the namespaces that links lead to.
func (c *camera) takePeers(img *Image) error {
	img.Far = map[string]string{}
	for _, l := range img.links() {
		if l.peer < 0 {
			continue
		}
		img.Far[l.name] = ""
		ask := header(unix.SizeofIfInfomsg, unix.AF_UNSPEC)
		native.PutUint32(ask[4:], u32of(find(l.attrs, unix.IFLA_LINK)))
		answers, err := c.route.do(unix.RTM_GETLINK, 0, put32(ask, unix.IFLA_TARGET_NETNSID, uint32(l.peer)))
		if err == nil && len(answers) > 0 && len(answers[0].Data) > unix.SizeofIfInfomsg {
			img.Far[l.name] = cString(find(answers[0].Data[unix.SizeofIfInfomsg:], unix.IFLA_IFNAME))
		}
	}
	if len(img.Far) == 0 {
		return nil
	}
	img.Peers = map[int32]string{}
	entries, _ := os.ReadDir("/run/netns")
	for _, e := range entries {
		fd, err := unix.Open("/run/netns/"+e.Name(), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		answers, err := c.route.do(unix.RTM_GETNSID, 0, put32(header(4, unix.AF_UNSPEC), nsaFD, uint32(fd)))
		unix.Close(fd)
		if err == nil && len(answers) > 0 && len(answers[0].Data) > 4 {
			if id := int32(u32of(find(answers[0].Data[4:], nsaID))); id >= 0 {
				img.Peers[id] = e.Name()
			}
		}
	}
	return nil
}

// A link is the head of a link message.
type link struct {
	index  int32
	name   string
	kind   string
	flags  uint32
	peer   int32 // the number of the namespace its other end is in, -1 for this one
	master int32
	attrs  []byte
}

// slaveKind is the kind of the link's master, as far as that has kinds of ports.
func (l link) slaveKind() string {
	return cString(find(l.attrs, unix.IFLA_LINKINFO, unix.IFLA_INFO_SLAVE_KIND))
}

func (img *Image) links() []link {
	list := make([]link, 0, len(img.Dumps[secLink]))
	for _, m := range img.Dumps[secLink] {
		if len(m.Data) < unix.SizeofIfInfomsg {
			continue
		}
		a := m.Data[unix.SizeofIfInfomsg:]
		l := link{index: int32(native.Uint32(m.Data[4:])), flags: native.Uint32(m.Data[8:]), peer: -1, attrs: a,
			name: cString(find(a, unix.IFLA_IFNAME)), kind: cString(find(a, unix.IFLA_LINKINFO, unix.IFLA_INFO_KIND)),
			master: int32(u32of(find(a, unix.IFLA_MASTER)))}
		if id := find(a, unix.IFLA_LINK_NETNSID); id != nil {
			l.peer = int32(u32of(id))
		}
		list = append(list, l)
	}
	return list
}
