package convert

import (
	"slices"
	"strings"

	"vnet/lang/name"
)

func (c *converter) ipLink(verb string, w []word) error {
	switch verb {
	case "add":
		return c.linkAdd(w)
	case "set", "change":
		return c.linkSet(w)
	case "del":
		if len(w) > 0 && w[0].is("dev") {
			w = w[1:]
		}
		if len(w) == 0 || len(w) > 1 && !(len(w) == 3 && w[1].is("type")) {
			return unsupported("ip link del")
		}
		c.delLink(c.ns, w[0])
		return nil
	}
	return unsupported("ip link " + verb)
}

func (c *converter) linkSet(w []word) error {
	if len(w) > 0 && w[0].is("dev") {
		w = w[1:]
	}
	if len(w) < 2 {
		return unsupported("ip link set")
	}
	dev, sets := w[0], []set(nil)
	for w = w[1:]; len(w) > 0; w = w[1:] {
		key := w[0].lit()
		switch key {
		case "up", "down", "nomaster":
			sets = append(sets, set{option: key})
			continue
		case "dev":
			continue
		}
		option := map[string]string{"mtu": "mtu", "address": "mac", "master": "master", "netns": "netns", "name": "name", "promisc": "promisc", "alias": "alias"}[key]
		if option == "" && key == "type" && len(w) > 1 {
			return c.retype(dev, sets, w[1:])
		}
		if option == "" || len(w) < 2 || option == "netns" && isNumber(w[1].lit()) {
			return unsupported("ip link set … " + key)
		}
		if option == "netns" {
			w[1] = c.called(w[1])
		}
		sets = append(sets, set{option, w[1]})
		w = w[1:]
	}
	return c.setLink(c.ns, dev, sets)
}

// retype translates ip link set br0 type bridge stp_state 1.
func (c *converter) retype(dev word, sets []set, w []word) error {
	l, _ := c.find(c.ns, dev)
	if l == nil || l.closed || l.kind != "bridge" || !w[0].is("bridge") || len(sets) > 0 {
		return unsupported("ip link set … type")
	}
	opts, err := bridgeOptions(w[1:])
	if err != nil {
		return err
	}
	l.opts = append(l.opts, opts...)
	c.merged(l.item)
	return nil
}

func bridgeOptions(w []word) ([]string, error) {
	var out []string
	for len(w) > 1 {
		value := w[1].lit()
		onOff := map[string]string{"0": "off", "1": "on"}[value]
		switch key := w[0].lit(); {
		case key == "stp_state" && onOff != "":
			out = append(out, "stp", onOff)
		case key == "vlan_filtering" && onOff != "":
			out = append(out, "vlan_filtering", onOff)
		case key == "ageing_time" && isNumber(value) && strings.HasSuffix(value, "00"):
			out = append(out, "ageing", strings.TrimSuffix(value, "00")+"s")
		case key == "ageing_time" && value == "0":
			out = append(out, "ageing", "0s")
		default:
			return nil, unsupported("the bridge's option " + key)
		}
		w = w[2:]
	}
	if len(w) > 0 {
		return nil, unsupported("the bridge's option " + w[0].lit())
	}
	return out, nil
}

// A draft is an interface as ip link add describes it.
type draft struct {
	end    end
	parent word
	kind   string
	rest   []word // behind the kind
}

// linkAdd translates ip link add.
func (c *converter) linkAdd(w []word) error {
	d, err := c.draft(w, true)
	if err != nil {
		return err
	}
	if s, ok := d.end.name.value(); !ok && d.end.name.empty() || ok && name.Link(s) != nil {
		return unsupported("an interface without a name")
	}
	l := &link{kind: d.kind, a: &d.end}
	switch d.kind {
	case "veth":
		err = c.peer(l, d)
	case "bridge":
		l.opts, err = bridgeOptions(d.rest)
	case "dummy", "ifb":
		if len(d.rest) > 0 {
			err = unsupported("this option")
		}
	case "macvlan":
		l.opts, err = macvlanOptions(d)
	case "vxlan":
		l.opts, err = vxlanOptions(d.rest)
	default:
		err = unsupported("an interface of type " + d.kind)
	}
	if err != nil {
		return err
	}
	master := d.end.master
	d.end.master = nil
	if c.ending {
		return unsupported("an interface made at the end")
	}
	c.make(l)
	if master != nil && !c.port(l, l.a, master.a.name) {
		l.a.after = append([]string{"master " + master.a.name.String()}, l.a.after...)
		l.fixed = true
	}
	return nil
}

// draft reads the options that interfaces of all types have.
func (c *converter) draft(w []word, typed bool) (draft, error) {
	d := draft{end: end{ns: c.ns}}
	for len(w) > 0 {
		key := w[0].lit()
		value := word{}
		if len(w) > 1 {
			value = w[1]
		}
		switch {
		case key == "type" && typed && len(w) > 1:
			d.kind, d.rest = value.lit(), w[2:]
			return d, nil
		case key == "up":
			d.end.up = true
			w = w[1:]
			continue
		case len(w) > 1 && (key == "name" || key == "dev"):
			d.end.name = value
		case len(w) > 1 && key == "link":
			d.parent = value
		case len(w) > 1 && key == "mtu":
			d.end.mtu = value
		case len(w) > 1 && key == "address":
			d.end.mac = value
		case len(w) > 1 && key == "netns" && !isNumber(value.lit()):
			d.end.ns = c.called(value)
		case len(w) > 1 && key == "master":
			d.end.master = &link{a: &end{ns: c.ns, name: value}}
		case d.end.name.empty() && !slices.Contains([]string{"txqueuelen", "numtxqueues", "numrxqueues", "index", "group", "alias", "broadcast"}, key):
			d.end.name = w[0]
			w = w[1:]
			continue
		default:
			return d, unsupported("ip link add … " + key)
		}
		w = w[2:]
	}
	if typed {
		return d, unsupported("ip link add without a type")
	}
	return d, nil
}

func (c *converter) peer(l *link, d draft) error {
	if len(d.rest) == 0 || !d.rest[0].is("peer") {
		return unsupported("a veth whose other end has no name")
	}
	outer := c.ns
	if !d.end.ns.empty() {
		c.ns = outer // the peer is where the command runs, not where the first end goes
	}
	p, err := c.draft(d.rest[1:], false)
	if err != nil {
		return err
	}
	if p.end.name.empty() || p.end.master != nil || d.end.master != nil && !sameSpace(d.end.ns, c.ns) {
		return unsupported("this veth")
	}
	l.b = &p.end
	return nil
}

func sameSpace(a, b word) bool { return a.String() == b.String() }

func macvlanOptions(d draft) ([]string, error) {
	if d.parent.empty() {
		return nil, unsupported("a macvlan on nothing")
	}
	out := []string{"on", d.parent.String()}
	switch {
	case len(d.rest) == 0:
		out = append(out, "mode", "vepa") // what the kernel takes for granted
	case len(d.rest) == 2 && d.rest[0].is("mode") && d.rest[1].is("bridge"):
	case len(d.rest) == 2 && d.rest[0].is("mode") && d.rest[1].is("private", "vepa", "passthru", "source"):
		out = append(out, "mode", d.rest[1].lit())
	default:
		return nil, unsupported("this option of a macvlan")
	}
	return out, nil
}

func vxlanOptions(w []word) ([]string, error) {
	var out []string
	port := "8472" // Linux was there before IANA
	for len(w) > 0 {
		key := w[0].lit()
		switch {
		case key == "nolearning":
			out, w = append(out, "learning", "off"), w[1:]
			continue
		case key == "learning":
			w = w[1:]
			continue
		case len(w) < 2:
			return nil, unsupported("vxlan … " + key)
		case key == "id" || key == "vni":
			out = append(out, "id", w[1].String())
		case slices.Contains([]string{"local", "remote", "group", "dev", "ttl"}, key):
			if key == "ttl" && !isNumber(w[1].lit()) {
				return nil, unsupported("this ttl")
			}
			out = append(out, key, w[1].String())
		case key == "dstport":
			if !w[1].is("0") {
				port = w[1].String()
			}
		default:
			return nil, unsupported("vxlan … " + key)
		}
		w = w[2:]
	}
	if port != "4789" {
		out = append(out, "port", port)
	}
	return out, nil
}

func (c *converter) tuntap(verb string, w []word) error {
	kind, dev := "", word{}
	var opts []string
	for len(w) > 0 {
		key := w[0].lit()
		switch {
		case (key == "dev" || key == "name") && len(w) > 1:
			dev, w = w[1], w[1:]
		case key == "mode" && len(w) > 1:
			kind, w = w[1].lit(), w[1:]
		case (key == "user" || key == "group") && len(w) > 1:
			opts, w = append(opts, key, w[1].String()), w[1:]
		case key == "multi_queue":
			opts = append(opts, key)
		case dev.empty():
			dev = w[0]
		default:
			return unsupported("ip tuntap … " + key)
		}
		w = w[1:]
	}
	switch {
	case dev.empty() || kind != "tap" && kind != "tun":
		return unsupported("ip tuntap")
	case verb == "del":
		c.delLink(c.ns, dev)
		return nil
	case verb != "add":
		return unsupported("ip tuntap " + verb)
	}
	c.make(&link{kind: kind, a: &end{ns: c.ns, name: dev}, opts: opts})
	return nil
}
