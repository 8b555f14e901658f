package convert

import "vnet/lang/name"

// called is the name of a namespace: `host` is the language's own word.
func (c *converter) called(ns word) word {
	if !ns.is("host") {
		return ns
	}
	if c.renamed {
		return literal("host-ns")
	}
	c.renamed = true
	c.note(Changed, "the namespace `host` is called host-ns, because vnet calls the starting one host")
	return literal("host-ns")
}

// addSpaces makes namespaces.
func (c *converter) addSpaces(names []word) error {
	for i, n := range names {
		n = c.called(n)
		names[i] = n
		if s, ok := n.value(); ok && name.Namespace(s) != nil {
			return unsupported("the name of the namespace")
		}
	}
	it := &item{made: names}
	if c.tolerant {
		it.prefix = "ensure "
	}
	c.add(it)
	c.made = append(c.made, names...)
	return nil
}

// remember notes that an interface was made.
func (c *converter) remember(ns, link word) {
	c.made = append(c.made, join(inSpace(ns), link))
}

// known reports whether the script has made something that may be called so.
func (c *converter) known(w word) bool {
	for _, m := range c.made {
		if alias(m, w) {
			return true
		}
	}
	return false
}

// space gives the item of this block that makes a namespace.
func (c *converter) space(ns word) *item {
	for _, it := range c.block.items {
		for _, m := range it.made {
			if m.String() == ns.String() {
				return it
			}
		}
	}
	return nil
}

// needs sees to it that a namespace is made before an interface of it.
func (c *converter) needs(ns word, l *link) {
	if it := c.space(ns); it != nil {
		c.block.before(it, l.item)
	}
}

// delSpaces removes namespaces that the script has made. Those it has not are
// remains of an earlier run.
func (c *converter) delSpaces(names []word) {
	for _, n := range names {
		n = c.called(n)
		switch {
		case c.ending:
			c.note(Dropped, "ns del %s at the end: with --rm, vnet takes all down that it made", n)
		case !c.known(n):
			c.note(Dropped, "ns del %s at the beginning: vnet leaves no remains", n)
		default:
			c.look()
			c.add(&item{text: "ns del " + n.String(), prefix: c.tolerance()})
		}
	}
}

func (c *converter) tolerance() string {
	if c.tolerant {
		return "try "
	}
	return ""
}

func (c *converter) delLink(ns, dev word) {
	whole := join(inSpace(ns), dev)
	switch {
	case c.ending:
		c.note(Dropped, "link del %s at the end: with --rm, vnet takes all down that it made", whole)
	case !c.known(whole) && (c.tolerant || c.later(dev)):
		c.note(Dropped, "link del %s at the beginning: vnet leaves no remains", whole)
	default:
		where := c.end(ns, dev)
		if l, _ := c.find(ns, dev); l != nil {
			l.gone = true
		}
		c.look()
		c.add(&item{text: "link del " + where, prefix: c.tolerance()})
	}
}

// set is a change of an interface: an option of `link set` with its value.
type set struct {
	option string
	value  word
}

func (s set) String() string {
	if s.value.empty() {
		return s.option
	}
	return s.option + " " + s.value.String()
}

// setLink changes an interface: what was made before is made so at once.
func (c *converter) setLink(ns, dev word, sets []set) error {
	if dev.is("lo") {
		if left := c.loopback(ns, sets); len(left) == 0 {
			return nil
		}
	}
	// The kernel moves an interface first.
	for i, s := range sets {
		if s.option == "netns" && i > 0 {
			copy(sets[1:i+1], sets[:i])
			sets[0] = s
		}
	}
	l, e := c.find(ns, dev)
	var left []set
	for _, s := range sets {
		if l == nil || !c.merge(l, e, s) {
			left = append(left, s)
		}
	}
	if len(left) < len(sets) {
		c.merged(l.item)
	}
	if len(left) == 0 {
		return nil
	}
	return c.restSets(ns, dev, l, e, left)
}

// loopback takes the `up` of lo away, which is up in what vnet makes.
func (c *converter) loopback(ns word, sets []set) []set {
	var left []set
	for _, s := range sets {
		if s.option != "up" || ns.empty() || !c.known(ns) {
			left = append(left, s)
			continue
		}
		c.loUp, c.idle = true, true
	}
	return left
}

// restSets writes what could not be merged as a statement.
func (c *converter) restSets(ns, dev word, l *link, e *end, sets []set) error {
	text := "link set " + c.end(ns, dev)
	to := word{}
	for _, s := range sets {
		text += " " + s.String()
		if s.option == "netns" {
			to = s.value
		}
	}
	c.add(&item{text: text, prefix: c.tolerance()})
	for _, s := range sets {
		switch s.option {
		case "netns", "name", "down":
			c.touch(ns, dev.String(), s.option != "netns" || l == nil || l.kind == "veth")
		}
		if s.option == "name" {
			c.remember(ns, s.value)
		}
	}
	if !to.empty() {
		c.remember(to, dev)
		if l != nil {
			l.follow(e, to)
		}
	}
	return nil
}

// follow keeps track of an interface that `link set` moves: what is said of it
// afterwards stays where it is, but that it is up.
func (l *link) follow(e *end, to word) {
	if l.kind == "veth" || l.moved || len(e.addrs) > 0 || e.up {
		l.gone = true
		return
	}
	l.moved = true
	l.elsewhere = to
}

// merge makes an interface so from the beginning, if it can.
func (c *converter) merge(l *link, e *end, s set) bool {
	if l.closed {
		return false
	}
	switch s.option {
	case "up":
		e.up = true
		return true
	case "down":
		return !e.up
	case "mtu":
		e.mtu = s.value
		return true
	case "mac":
		if l.kind == "tun" || l.fixed {
			return false
		}
		e.mac = s.value
		return true
	case "promisc", "alias":
		e.after = append(e.after, s.String())
		return true
	case "nomaster":
		e.master = nil
		return true
	}
	if l.fixed || l.moved {
		return false
	}
	switch s.option {
	case "master":
		return c.port(l, e, s.value)
	case "netns":
		return c.move(l, e, s.value)
	case "name":
		e.name = s.value
		c.remember(e.ns, e.name)
		return true
	}
	return false
}

// port makes an end a port of a bridge.
func (c *converter) port(l *link, e *end, to word) bool {
	b := c.bridge(e.ns, to)
	if b == nil || b == l {
		return false
	}
	if c.block.index(b.item) >= 0 {
		c.needs(b.a.ns, b)
		c.block.before(b.item, l.item)
	}
	e.master = b
	return true
}

// move puts the end of a cable where it goes. On the way the kernel takes it
// down and its addresses away.
func (c *converter) move(l *link, e *end, to word) bool {
	if l.kind != "veth" || e.master != nil {
		return false
	}
	if len(e.addrs) > 0 || e.up {
		c.note(Changed, "what %s was given before it moves to %s: the kernel takes it away, and so it is left out", e, to)
	}
	e.ns, e.up, e.addrs = to, false, nil
	c.needs(to, l)
	c.remember(e.ns, e.name)
	return true
}

// address gives an interface an address.
func (c *converter) address(ns, dev, cidr word) {
	l, e := c.find(ns, dev)
	if l != nil && !l.closed && !l.moved {
		e.addrs = append(e.addrs, cidr)
		c.merged(l.item)
		return
	}
	c.add(&item{text: "addr add " + c.end(ns, dev) + " " + cidr.String(), prefix: c.tolerance()})
	c.touch(ns, dev.String(), false)
}
