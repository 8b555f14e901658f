package kernel

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// macvlanModes are the modes of a macvlan (ip-link(8), linux/if_link.h).
var macvlanModes = map[string]uint32{
	"bridge":   nl.MACVLAN_MODE_BRIDGE,
	"passthru": nl.MACVLAN_MODE_PASSTHRU,
	"private":  nl.MACVLAN_MODE_PRIVATE,
	"source":   nl.MACVLAN_MODE_SOURCE,
	"vepa":     nl.MACVLAN_MODE_VEPA,
}

// An end is one interface being made.
type end struct {
	host.Link
	sp    *space
	index int // chosen; 0 when the kernel chooses
	mac   net.HardwareAddr
	field host.Field // what to blame for its name
	space host.Field // and for its namespace
}

// linkAdd makes an interface down, in its place and with its master, and then
// brings it up: enslaving while up costs 90 us more, moving 16 ms.
func (q *queue) linkAdd(op host.LinkAdd) error {
	a, err := q.end(op.Link, host.FieldName, host.FieldNS)
	if err != nil {
		return err
	}
	if a.Kind == "tun" || a.Kind == "tap" {
		return q.tunAdd(a)
	}
	var b *end
	if op.Peer != nil {
		if b, err = q.end(*op.Peer, host.FieldPeer, host.FieldPeerNS); err != nil {
			return err
		}
		if a.Master == "" && b.Master != "" {
			a, b = b, a // only the first end can be born as a port
		}
		a.sp.meets(b.sp)
		a.Kind = "veth"
	}
	pick(a, b)
	if a.Kind == "veth" {
		a.birthMAC()
		b.birthMAC()
	}
	if err := q.nameless(a); err != nil {
		return err
	}
	m, err := q.newLink(a, b)
	if err != nil {
		return err
	}
	m.explain = q.explainAdd(a, b)
	q.push(a.sp, m)
	if b != nil && b.sp != a.sp {
		m.with = b.sp
	}
	stays := a
	if b != nil && a.sp.made && !b.sp.made {
		stays = b // many of one namespace are removed in the time of one
	}
	q.undo(host.LinkDel{NS: stays.NS, Name: stays.Name, Index: stays.index, MAC: stays.mac.String(), Made: true})
	if a.index == 0 {
		if err := q.born(a); err != nil {
			return err
		}
	} else {
		a.sp.learn(a.Name, a.index)
	}
	if err := q.dress(a); err != nil || b == nil {
		return err
	}
	return q.second(b)
}

// nameless sees to it that one whose identity is not known before it is made
// is not taken for another of its name: then there must be none.
func (q *queue) nameless(e *end) error {
	if e.index != 0 || e.mac != nil {
		return nil
	}
	if err := q.flush(); err != nil {
		return err
	}
	there, err := e.sp.link(e.Name)
	if err == nil && there != nil {
		err = failed(unix.EEXIST, e.field, "interface %s in %s: already exists", e.Name, e.NS)
	}
	return err
}

// end checks one interface to be made.
func (q *queue) end(l host.Link, field, space host.Field) (*end, error) {
	if err := name.Link(l.Name); err != nil {
		return nil, &host.Error{Errno: unix.EINVAL, Field: field, What: err.Error()}
	}
	sp, err := q.h.space(l.NS)
	if err != nil {
		if e, ok := err.(*host.Error); ok {
			e.Field = space
		}
		return nil, err
	}
	e := &end{Link: l, sp: sp, field: field, space: space}
	if l.MAC != "" {
		if e.mac, err = parseMAC(l.MAC); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// pick chooses the indexes. The kernel takes that of the second end only if the
// first has one too.
func pick(a, b *end) {
	if b == nil {
		a.index = a.sp.choose()
		return
	}
	if !a.sp.chooses() || !b.sp.chooses() {
		return
	}
	a.index, b.index = a.sp.choose(), b.sp.choose()
}

func (sp *space) chooses() bool {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	return sp.next > 0
}

// birthMAC chooses a locally administered address, so that the interface can
// be known again by it. Not for bridges: one whose address was set no longer
// follows its ports.
func (e *end) birthMAC() {
	if e.mac != nil {
		return
	}
	v := rand.Uint64()
	e.mac = net.HardwareAddr{byte(v)&^3 | 2, byte(v >> 8), byte(v >> 16), byte(v >> 24), byte(v >> 32), byte(v >> 40)}
}

// newLink builds RTM_NEWLINK. Both ends of a veth are made where they belong.
func (q *queue) newLink(a, b *end) (*message, error) {
	m := newMessage(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, unix.SizeofIfInfomsg)
	native.PutUint32(m.head()[4:], uint32(a.index))
	m.field = a.field
	a.describe(m)
	if a.Master != "" {
		index, err := q.index(a.sp, a.Master, host.FieldMaster)
		if err != nil {
			return nil, err
		}
		m.u32(host.FieldMaster, unix.IFLA_MASTER, uint32(index))
	}
	parent := 0
	if a.Parent != "" {
		index, err := q.index(a.sp, a.Parent, host.FieldParent)
		if err != nil {
			return nil, err
		}
		parent = index
		if a.Kind != "vxlan" {
			m.u32(host.FieldParent, unix.IFLA_LINK, uint32(index))
		}
	}
	var err error
	m.nest(unix.IFLA_LINKINFO, func() {
		m.text(host.FieldNone, nl.IFLA_INFO_KIND, a.Kind)
		m.nest(nl.IFLA_INFO_DATA, func() {
			switch {
			case b != nil:
				m.nest(nl.VETH_INFO_PEER, func() { b.asPeer(m, a) })
			case a.Kind == "bridge":
				bridgeData(m, a.Bridge, true)
			case a.Kind == "macvlan":
				err = macvlanData(m, a.Macvlan)
			case a.Kind == "vxlan":
				err = vxlanData(m, a.VXLAN, parent)
			}
		})
	})
	return m, err
}

// describe writes what all kinds have.
func (e *end) describe(m *message) {
	m.text(e.field, unix.IFLA_IFNAME, e.Name)
	if e.mac != nil {
		m.put(host.FieldMAC, unix.IFLA_ADDRESS, e.mac)
	}
	if e.MTU != 0 {
		m.u32(host.FieldMTU, unix.IFLA_MTU, uint32(e.MTU))
	}
	if e.Kind == "veth" {
		oneQueue(m)
	}
}

// oneQueue makes a veth 10 to 19 % cheaper than one queue per CPU, of which
// the kernel would use one anyway.
func oneQueue(m *message) {
	m.u32(host.FieldNone, unix.IFLA_NUM_TX_QUEUES, 1)
	m.u32(host.FieldNone, unix.IFLA_NUM_RX_QUEUES, 1)
}

func (e *end) asPeer(m *message, first *end) {
	head := make([]byte, unix.SizeofIfInfomsg)
	native.PutUint32(head[4:], uint32(e.index))
	m.raw(head)
	e.Kind = "veth"
	e.describe(m)
	if e.sp != first.sp {
		m.u32(e.space, unix.IFLA_NET_NS_FD, uint32(e.sp.fd))
	}
}

// clock converts to the kernel's clock_t of 1/100 s (USER_HZ).
func clock(d time.Duration) uint32 { return uint32((d + 5*time.Millisecond) / (10 * time.Millisecond)) }

func unclock(v uint32) time.Duration { return time.Duration(v) * 10 * time.Millisecond }

// bridgeData leaves out for a new bridge what is the default anyway: a kernel
// without vlan_filtering refuses even "off".
func bridgeData(m *message, b *host.Bridge, fresh bool) {
	if b == nil {
		return
	}
	if b.STP != nil {
		m.u32(host.FieldNone, nl.IFLA_BR_STP_STATE, bit[uint32](*b.STP))
	}
	if b.VLANFiltering != nil && (*b.VLANFiltering || !fresh) {
		m.u8(host.FieldNone, nl.IFLA_BR_VLAN_FILTERING, bit[uint8](*b.VLANFiltering))
	}
	if b.Ageing != nil {
		m.u32(host.FieldNone, nl.IFLA_BR_AGEING_TIME, clock(*b.Ageing))
	}
}

func bit[T uint8 | uint32](on bool) T {
	if on {
		return 1
	}
	return 0
}

func macvlanData(m *message, v *host.Macvlan) error {
	if v == nil || v.Mode == "" {
		return nil
	}
	mode, ok := macvlanModes[v.Mode]
	if !ok {
		return failed(unix.EINVAL, host.FieldMode, "macvlan has no mode %s", name.Quote(v.Mode))
	}
	m.u32(host.FieldMode, nl.IFLA_MACVLAN_MODE, mode)
	return nil
}

func vxlanData(m *message, v *host.VXLAN, parent int) error {
	if v == nil {
		return failed(unix.EINVAL, host.FieldID, "vxlan needs an id")
	}
	m.u32(host.FieldID, nl.IFLA_VXLAN_ID, uint32(v.ID))
	address := func(f host.Field, a netip.Addr, four, six int) {
		switch {
		case a.Is4():
			m.put(f, four, a.AsSlice())
		case a.IsValid():
			m.put(f, six, a.AsSlice())
		}
	}
	address(host.FieldLocal, v.Local, nl.IFLA_VXLAN_LOCAL, nl.IFLA_VXLAN_LOCAL6)
	address(host.FieldRemote, v.Remote, nl.IFLA_VXLAN_GROUP, nl.IFLA_VXLAN_GROUP6)
	port := v.Port
	if port == 0 {
		port = 4789 // IANA; the kernel's default is 8472
	}
	m.put(host.FieldNone, nl.IFLA_VXLAN_PORT, []byte{byte(port >> 8), byte(port)})
	if v.TTL != 0 {
		m.u8(host.FieldNone, nl.IFLA_VXLAN_TTL, uint8(v.TTL))
	}
	if v.Learning != nil {
		m.u8(host.FieldNone, nl.IFLA_VXLAN_LEARNING, bit[uint8](*v.Learning))
	}
	if parent != 0 {
		m.u32(host.FieldParent, nl.IFLA_VXLAN_LINK, uint32(parent))
	}
	return nil
}

// born waits for the interface to be made and asks for its index.
func (q *queue) born(e *end) error {
	m := getLink(0, e.Name)
	m.then = func(r *reply) error {
		if len(r.data) == 0 {
			return errLost
		}
		e.index = parseLink(r.data[0]).index
		e.sp.learn(e.Name, e.index)
		return nil
	}
	at, sp := q.at, e.sp
	q.push(sp, m)
	if err := q.flush(); err != nil {
		return err
	}
	if undo := q.results[at].Undo; len(undo) == 1 {
		if del, ok := undo[0].(host.LinkDel); ok && del.Name == e.Name && del.NS == e.NS {
			del.Index = e.index
			undo[0] = del
		}
	}
	return nil
}

// dress gives an interface what it cannot be born with. Bringing up a bridge
// and its ports may wait.
func (q *queue) dress(e *end) error {
	words := explainLink(e.NS, e.Name, e.Kind)
	if e.Alias != "" {
		q.push(e.sp, setLink(e.index, host.FieldNone, unix.IFLA_IFALIAS, []byte(e.Alias))).explain = words
	}
	var flags uint32
	if e.Up {
		flags |= unix.IFF_UP
	}
	if e.Promisc {
		flags |= unix.IFF_PROMISC
	}
	if flags != 0 {
		m := q.push(e.sp, setFlags(e.index, flags, flags))
		m.explain = words
		switch {
		case e.Master != "":
			m.rank = rankPort
		case e.Kind == "bridge":
			m.rank = rankBridge
		}
	}
	return nil
}

// second finishes the second end of a veth.
func (q *queue) second(e *end) error {
	if e.index == 0 {
		if err := q.born(e); err != nil {
			return err
		}
	} else {
		e.sp.learn(e.Name, e.index)
	}
	if e.Master != "" {
		index, err := q.index(e.sp, e.Master, host.FieldMaster)
		if err != nil {
			return err
		}
		q.push(e.sp, setLink(e.index, host.FieldMaster, unix.IFLA_MASTER, native.AppendUint32(nil, uint32(index))))
	}
	return q.dress(e)
}

// explainAdd says which of the two names is taken, or that it was an index we
// chose, and then has the operation tried again.
func (q *queue) explainAdd(a, b *end) func(*host.Error) {
	words := explainLink(a.NS, a.Name, a.Kind)
	return func(e *host.Error) {
		words(e)
		a.sp.unlearn(a.Name)
		if b != nil {
			b.sp.unlearn(b.Name)
		}
		if b != nil && e.Errno == unix.EINVAL && e.Kernel == "" {
			explainVethMTU(e, a, b)
		}
		if b == nil && held(a, e) {
			return
		}
		if e.Errno != unix.EEXIST && e.Errno != unix.EBUSY {
			return
		}
		for _, end := range []*end{a, b} {
			if end == nil {
				continue
			}
			if l, err := end.sp.link(end.Name); err == nil && l != nil && l.index != end.index {
				e.Field, e.What = end.field, fmt.Sprintf("interface %s in %s: already exists", end.Name, end.NS)
				return
			}
		}
		if a.index == 0 || e.Kernel != "" {
			return
		}
		a.sp.forget()
		if b != nil {
			b.sp.forget()
		}
		q.again = true
	}
}

// explainVethMTU finds what the kernel's veth_validate refuses without a word.
func explainVethMTU(e *host.Error, ends ...*end) {
	for _, end := range ends {
		if end.MTU != 0 && (end.MTU < 68 || end.MTU > 65535) {
			e.Field, e.What = host.FieldMTU, fmt.Sprintf("mtu %d of %s in %s: a veth takes 68 to 65535", end.MTU, end.Name, end.NS)
			return
		}
	}
}
