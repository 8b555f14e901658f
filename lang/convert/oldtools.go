package convert

import (
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	literals "vnet/lang/literal"
	"vnet/lang/name"
)

func (c *converter) brctl(k *call) error {
	w := k.args[1:]
	if len(w) < 2 {
		return unsupported("brctl")
	}
	b := w[1]
	l, _ := c.find(c.ns, b)
	open := l != nil && !l.closed && l.kind == "bridge"
	switch verb := w[0].lit(); {
	case verb == "addbr" && len(w) == 2:
		if s, ok := b.value(); ok && name.Link(s) != nil {
			return unsupported("the name of the bridge")
		}
		c.make(&link{kind: "bridge", a: &end{ns: c.ns, name: b}})
	case verb == "delbr" && len(w) == 2:
		c.delLink(c.ns, b)
	case verb == "addif" && len(w) > 2:
		for _, port := range w[2:] {
			if err := c.setLink(c.ns, port, []set{{"master", b}}); err != nil {
				return err
			}
		}
	case verb == "delif" && len(w) > 2:
		for _, port := range w[2:] {
			if err := c.setLink(c.ns, port, []set{{option: "nomaster"}}); err != nil {
				return err
			}
		}
	case verb == "stp" && len(w) == 3 && open:
		onOff := "off"
		if w[2].is("on", "yes", "1") {
			onOff = "on"
		} else if !w[2].is("off", "no", "0") {
			return unsupported("brctl stp")
		}
		l.opts = append(l.opts, "stp", onOff)
		c.merged(l.item)
	case verb == "setageing" && len(w) == 3 && open && isNumber(w[2].lit()):
		l.opts = append(l.opts, "ageing", w[2].lit()+"s")
		c.merged(l.item)
	default:
		return unsupported("brctl " + verb)
	}
	return nil
}

// ifconfig knows how ifconfig(8) is used to set something.
func (c *converter) ifconfig(k *call) error {
	w := k.args[1:]
	if len(w) < 2 || strings.Contains(w[0].lit(), ":") {
		return unsupported("ifconfig")
	}
	dev, addr, mask := w[0], word{}, ""
	var sets []set
	var more []word
	for w = w[1:]; len(w) > 0; w = w[1:] {
		switch key := w[0].lit(); {
		case key == "up" || key == "down":
			sets = append(sets, set{option: key})
		case key == "mtu" && len(w) > 1:
			sets, w = append(sets, set{"mtu", w[1]}), w[1:]
		case key == "hw" && len(w) > 2 && w[1].is("ether"):
			sets, w = append(sets, set{"mac", w[2]}), w[2:]
		case key == "netmask" && len(w) > 1:
			mask, w = w[1].lit(), w[1:]
		case key == "inet6" && len(w) > 2 && w[1].is("add"):
			more, w = append(more, w[2]), w[2:]
		case key == "promisc":
			sets = append(sets, set{"promisc", literalOn})
		case key == "-promisc":
			sets = append(sets, set{"promisc", literalOff})
		case key == "inet":
		case addr.empty() && !strings.HasPrefix(key, "-") && (key == "" || strings.ContainsAny(key, ".")):
			addr = w[0]
		default:
			return unsupported("ifconfig … " + key)
		}
	}
	up := len(sets) > 0 && sets[len(sets)-1].option == "up"
	if !addr.empty() {
		whole, err := withMask(addr, mask)
		if err != nil {
			return err
		}
		c.note(Changed, "ifconfig sets a broadcast address, too, which ip and vnet leave out")
		more = append([]word{whole}, more...)
		if !up {
			sets = append(sets, set{option: "up"}) // ifconfig takes up what it gives an address
		}
	}
	if len(sets) > 0 {
		if err := c.setLink(c.ns, dev, sets); err != nil {
			return err
		}
	}
	for _, a := range more {
		c.address(c.ns, dev, a)
	}
	return nil
}

var literalOn, literalOff = literal("on"), literal("off")

// withMask adds the prefix length that a netmask stands for, or that the class
// of the address did once.
func withMask(addr word, mask string) (word, error) {
	s, known := addr.value()
	if strings.Contains(s, "/") || !known && mask == "" {
		return addr, nil
	}
	if mask == "" {
		a, ok := literals.ParseIP(s)
		if !ok || !a.Is4() {
			return addr, unsupported("this address")
		}
		n := "24"
		if b := a.As4()[0]; b < 128 {
			n = "8"
		} else if b < 192 {
			n = "16"
		}
		return join(addr, literal("/"+n)), nil
	}
	n, ok := maskLength(mask)
	if !ok {
		return addr, unsupported("this netmask")
	}
	return join(addr, literal("/"+strconv.Itoa(n))), nil
}

func maskLength(mask string) (int, bool) {
	m, err := netip.ParseAddr(mask)
	if err != nil || !m.Is4() {
		return 0, false
	}
	n, ended := 0, false
	for _, b := range m.AsSlice() {
		ones := bits.LeadingZeros8(^b)
		if ended && b != 0 || ones < 8 && b<<ones != 0 {
			return 0, false
		}
		ended = ended || ones < 8
		n += ones
	}
	return n, true
}

// oldRoute translates route(8).
func (c *converter) oldRoute(k *call) error {
	w := k.args[1:]
	if len(w) > 0 && w[0].is("-n") || len(w) < 2 || !w[0].is("add", "del") {
		return unsupported("route")
	}
	out := []string{"route", w[0].lit()}
	dest, mask, host := word{}, "", false
	var opts []string
	for w = w[1:]; len(w) > 0; w = w[1:] {
		switch key := w[0].lit(); {
		case key == "-net":
		case key == "-host":
			host = true
		case key == "netmask" && len(w) > 1:
			mask, w = w[1].lit(), w[1:]
		case (key == "gw" || key == "gateway") && len(w) > 1:
			opts, w = append(opts, "via", w[1].String()), w[1:]
		case key == "dev" && len(w) > 1:
			opts, w = append(opts, "dev", w[1].String()), w[1:]
		case key == "metric" && len(w) > 1:
			opts, w = append(opts, "metric", w[1].String()), w[1:]
		case dest.empty() && !strings.HasPrefix(key, "-"):
			dest = w[0]
		case len(w) == 1 && !strings.HasPrefix(key, "-"):
			opts = append(opts, "dev", w[0].String())
		default:
			return unsupported("route … " + key)
		}
	}
	switch {
	case dest.empty():
		return unsupported("a route to nowhere")
	case dest.is("0.0.0.0") && (mask == "" || mask == "0.0.0.0"):
		dest = literal("default")
	case mask != "" && !host:
		whole, err := withMask(dest, mask)
		if err != nil {
			return err
		}
		dest = whole
	}
	c.add(&item{text: strings.Join(append(append(out, dest.String()), opts...), " "), in: true, ns: c.ns, prefix: c.tolerance()})
	return nil
}

// ping becomes an expectation.
func (c *converter) ping(k *call) error {
	var to word
	var opts []string
	for w := k.args[1:]; len(w) > 0; w = w[1:] {
		key := w[0].lit()
		switch {
		case len(key) > 2 && strings.HasPrefix(key, "-c") && isNumber(key[2:]):
			opts = append(opts, times(key[2:])...)
		case key == "-c" && len(w) > 1:
			opts, w = append(opts, times(w[1].String())...), w[1:]
		case key == "-s" && len(w) > 1:
			opts, w = append(opts, "size", w[1].String()), w[1:]
		case (key == "-W" || key == "-w" || key == "-i") && len(w) > 1:
			w = w[1:]
		case key == "-q" || key == "-n" || key == "-4" || key == "-6" || len(key) > 2 && (strings.HasPrefix(key, "-W") || strings.HasPrefix(key, "-i") || strings.HasPrefix(key, "-w")):
		case strings.HasPrefix(key, "-") || !to.empty():
			return unsupported("this ping")
		default:
			to = w[0]
		}
	}
	if s, ok := to.value(); ok {
		if _, ip := literals.ParseIP(s); !ip {
			return unsupported("a ping to a name")
		}
	}
	if to.empty() || c.probing || c.tolerant {
		return unsupported("this ping")
	}
	from := literal("host")
	if !c.ns.empty() {
		from = c.ns
	}
	c.look()
	c.add(&item{text: strings.Join(append([]string{"expect ping", from.String(), "->", to.String()}, opts...), " ")})
	return nil
}

func times(n string) []string {
	if n == "1" {
		return nil
	}
	return []string{"count", n}
}
