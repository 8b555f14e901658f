package kernel

import (
	"bytes"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// What asks for the VLANs of the ports of bridges, and holds each of them
// (linux/rtnetlink.h: RTEXT_FILTER_BRVLAN, linux/if_bridge.h).
const (
	extBrVLAN      = 1 << 1
	bridgeVLANInfo = 2
)

// portVLANs lists the VLANs of ports with how they are in them, each as struct
// bridge_vlan_info: flags and number.
func (sp *space) portVLANs() (map[int][][]byte, error) {
	ask := newMessage(0, 0, unix.SizeofIfInfomsg)
	ask.head()[0] = unix.AF_BRIDGE
	ask.u32(host.FieldNone, unix.IFLA_EXT_MASK, extBrVLAN)
	list, err := sp.list(unix.RTM_GETLINK, unix.RTM_NEWLINK, ask.buf[unix.SizeofNlMsghdr:])
	out := map[int][][]byte{}
	for _, b := range list {
		port := aboutLink(b)
		eachAttr(parseAttrs(b[unix.SizeofIfInfomsg:])[unix.IFLA_AF_SPEC], func(kind uint16, data []byte) {
			if kind == bridgeVLANInfo && len(data) == 4 {
				out[port] = append(out[port], bytes.Clone(data))
			}
		})
	}
	return out, err
}

// restoreVLANs puts a port back into the VLANs that it was in. One that joins a
// bridge is in the default one alone.
func (sp *space) restoreVLANs(index int, g host.Grave) error {
	if g.PortKind != "bridge" {
		return nil
	}
	all, err := sp.portVLANs()
	if err != nil {
		return err
	}
	number := func(info []byte) uint16 { return native.Uint16(info[2:]) }
	had, have := map[uint16][]byte{}, map[uint16][]byte{}
	for _, info := range g.VLANs {
		had[number(info)] = info
	}
	for _, info := range all[index] {
		have[number(info)] = info
		if had[number(info)] == nil {
			if err := sp.tell(setVLAN(unix.RTM_DELLINK, index, info)); err != nil {
				return trouble(g, "its VLANs", err)
			}
		}
	}
	for _, info := range g.VLANs {
		if !bytes.Equal(have[number(info)], info) {
			if err := sp.tell(setVLAN(unix.RTM_SETLINK, index, info)); err != nil {
				return trouble(g, "its VLANs", err)
			}
		}
	}
	return nil
}

// setVLAN puts a port into a VLAN (RTM_SETLINK), or takes it out (RTM_DELLINK).
func setVLAN(kind uint16, index int, info []byte) *message {
	m := newMessage(kind, 0, unix.SizeofIfInfomsg)
	m.head()[0] = unix.AF_BRIDGE
	native.PutUint32(m.head()[4:], uint32(index))
	m.nest(unix.IFLA_AF_SPEC|unix.NLA_F_NESTED, func() { m.put(host.FieldNone, bridgeVLANInfo, info) })
	return m
}
