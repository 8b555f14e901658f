package convert

import (
	"net/netip"
	"slices"
	"strings"
)

// ip translates a command line of ip(8).
func (c *converter) ip(k *call) error {
	w := k.args[1:]
	outer := c.ns
	defer func() { c.ns = outer }()
	six := false
	for len(w) > 0 && strings.HasPrefix(w[0].lit(), "-") {
		switch o := w[0].lit(); {
		case o == "-n" || o == "-net" || o == "-netns":
			if len(w) < 2 {
				return unsupported("ip -n")
			}
			c.ns, w = c.called(w[1]), w[1:]
		case o == "-6":
			six = true
		case o == "-4" || o == "-force":
		case o == "-b" || o == "-batch":
			return c.batch(k, w[1:])
		case o == "-br" || o == "-brief" || o == "-c" || o == "-color" || o == "-o" || o == "-d" || o == "-s":
		default:
			return unsupported("ip " + o)
		}
		w = w[1:]
	}
	if len(w) == 0 {
		return unsupported("ip without an object")
	}
	object, rest := object(w[0].lit()), w[1:]
	verb := ""
	if len(rest) > 0 {
		verb = verbOf(rest[0].lit())
	}
	if verb == "show" || len(rest) == 0 {
		return c.show(k, object, rest, six)
	}
	switch object {
	case "netns":
		return c.netns(k, verb, rest[1:])
	case "link":
		return c.ipLink(verb, rest[1:])
	case "addr":
		return c.ipAddr(verb, rest[1:])
	case "route":
		return c.ipRoute(verb, rest[1:], six)
	case "rule":
		return c.ipRule(verb, rest[1:], six)
	case "neigh":
		return c.ipNeigh(verb, rest[1:])
	case "tuntap":
		return c.tuntap(verb, rest[1:])
	}
	return unsupported("ip " + object)
}

// object spells out the abbreviations that ip accepts.
func object(word string) string {
	switch word {
	case "":
		return ""
	case "n":
		return "neigh"
	case "r":
		return "route"
	case "address", "addrs":
		return "addr"
	case "neighbor", "neighbour":
		return "neigh"
	}
	for _, o := range []string{"addr", "link", "route", "rule", "neigh", "netns", "tuntap"} {
		if strings.HasPrefix(o, word) {
			return o
		}
	}
	return word
}

func verbOf(word string) string {
	switch word {
	case "a":
		return "add"
	case "d", "delete", "de":
		return "del"
	case "s", "sh", "l", "ls", "lst", "list":
		return "show"
	case "e", "exe":
		return "exec"
	case "chg", "ch":
		return "change"
	case "repl":
		return "replace"
	}
	return word
}

// batch translates the lines of `ip -batch`.
func (c *converter) batch(k *call, w []word) error {
	if len(w) != 1 {
		return unsupported("ip -batch")
	}
	text := ""
	path, ok := w[0].value()
	switch {
	case path == "-" && k.doc != nil:
		text = *k.doc
	case ok && path != "-" && c.opt.Read != nil:
		var err error
		if text, err = c.opt.Read(path); err != nil {
			return unsupported("the file of ip -batch: " + err.Error())
		}
	default:
		return unsupported("the file of ip -batch")
	}
	n := len(c.block.items)
	if err := c.inner(fromBatch(text)); err != nil {
		c.block.items = c.block.items[:min(n, len(c.block.items))]
		return err
	}
	return nil
}

// show translates what prints a part of the network.
func (c *converter) show(k *call, object string, w []word, six bool) error {
	what := map[string]string{"netns": "ns", "link": "links", "addr": "addrs", "route": "routes", "rule": "rules", "neigh": "neigh"}[object]
	if what == "" || len(w) > 1 || six || k.quiet || c.probing || c.ending {
		return unsupported("what ip shows")
	}
	if what == "routes" {
		what = "routes table main"
	}
	text := "show " + what
	if !c.ns.empty() && what != "ns" {
		text += " in " + c.ns.String()
	}
	c.add(&item{text: text})
	return nil
}

func (c *converter) netns(k *call, verb string, w []word) error {
	switch {
	case verb == "add" && len(w) == 1:
		return c.addSpaces(w)
	case verb == "del" && len(w) == 1:
		c.delSpaces(w)
		return nil
	case verb == "exec" && len(w) > 1 && !strings.HasPrefix(w[0].lit(), "-"):
		return c.within(k, w[0], w[1:])
	}
	return unsupported("ip netns " + verb)
}

// within translates a command inside a namespace.
func (c *converter) within(k *call, ns word, args []word) error {
	outer := c.ns
	c.ns = c.called(ns)
	defer func() { c.ns = outer }()
	inner := *k
	inner.args = args
	if c.funcs[inner.name()] != nil {
		return unsupported("a function of the script inside a namespace")
	}
	switch inner.name() {
	case "echo", "printf", "true", ":":
		if inner.file.empty() {
			return c.run(&inner)
		}
		return unsupported("a file that the outer shell writes")
	}
	if builtins[inner.name()] != nil {
		return unsupported("`" + inner.name() + "` as a program")
	}
	if inner.mixed {
		return unsupported("a redirection")
	}
	return c.simple(&inner)
}

// nsenter knows nsenter --net=/run/netns/NAME.
func (c *converter) nsenter(k *call) error {
	if len(k.args) < 3 {
		return unsupported("nsenter")
	}
	for _, head := range []string{"--net=/var/run/netns/", "--net=/run/netns/", "-n/var/run/netns/", "-n/run/netns/"} {
		first := k.args[1]
		if len(first.parts) > 0 && strings.HasPrefix(first.parts[0].lit, head) {
			name := literal(strings.TrimPrefix(first.parts[0].lit, head))
			name.parts = append(name.parts, first.parts[1:]...)
			return c.within(k, name, k.args[2:])
		}
	}
	return unsupported("nsenter")
}

func (c *converter) ipAddr(verb string, w []word) error {
	var cidr, dev word
	for len(w) > 0 {
		key := w[0].lit()
		switch {
		case key == "dev" && len(w) > 1:
			dev, w = w[1], w[1:]
		case key == "local" && len(w) > 1:
			cidr, w = w[1], w[1:]
		case (key == "brd" || key == "broadcast") && len(w) > 1:
			if !w[1].is("+") || verb != "add" {
				return unsupported("a broadcast address")
			}
			return unsupported("a broadcast address")
		case key == "nodad":
			c.note(Changed, "nodad is left out: vnet waits until an address may be used")
		case cidr.empty():
			cidr = w[0]
		default:
			return unsupported("ip addr … " + key)
		}
		w = w[1:]
	}
	if cidr.empty() || dev.empty() {
		return unsupported("ip addr " + verb)
	}
	switch verb {
	case "add":
		c.address(c.ns, dev, c.whole(cidr))
	case "replace":
		c.add(&item{text: "addr replace " + c.end(c.ns, dev) + " " + c.whole(cidr).String(), prefix: c.tolerance()})
		c.touch(c.ns, dev.String(), true)
	case "del":
		c.touch(c.ns, dev.String(), true)
		c.add(&item{text: "addr del " + c.end(c.ns, dev) + " " + cidr.String(), prefix: c.tolerance()})
	default:
		return unsupported("ip addr " + verb)
	}
	return nil
}

// whole gives an address the prefix length that ip takes for granted.
func (c *converter) whole(cidr word) word {
	s, ok := cidr.value()
	if !ok && len(cidr.parts) == 1 {
		if v := c.vars[cidr.parts[0].expr]; v != nil && v.constant {
			s, ok = v.value, true
		}
	}
	if !ok {
		return cidr
	}
	if a, err := netip.ParseAddr(s); err == nil {
		if a.Is4() {
			return join(cidr, literal("/32"))
		}
		return join(cidr, literal("/128"))
	}
	return cidr
}

var routeOptions = map[string]string{
	"via": "via", "dev": "dev", "oif": "dev", "src": "src", "metric": "metric", "preference": "metric", "priority": "metric",
	"table": "table", "proto": "proto", "protocol": "proto", "scope": "scope", "weight": "weight",
}

func (c *converter) ipRoute(verb string, w []word, six bool) error {
	if !slices.Contains([]string{"add", "change", "replace", "append", "del"}, verb) || len(w) == 0 {
		return unsupported("ip route " + verb)
	}
	out := []string{"route", verb}
	if w[0].is("blackhole", "unreachable", "prohibit", "throw") {
		out, w = append(out, w[0].lit()), w[1:]
	}
	if len(w) > 0 && w[0].is("to", "unicast") {
		w = w[1:]
	}
	if len(w) == 0 {
		return unsupported("a route to nowhere")
	}
	if six && w[0].is("default") && !slices.ContainsFunc(w, func(x word) bool { return x.is("via") }) {
		w[0] = literal("::/0")
	}
	if routeOptions[w[0].lit()] != "" || w[0].is("nexthop") {
		out = append(out, "default")
	} else {
		out, w = append(out, w[0].String()), w[1:]
	}
	for len(w) > 0 {
		key := w[0].lit()
		switch {
		case key == "onlink" || key == "nexthop":
			out, w = append(out, key), w[1:]
		case key == "via" && len(w) > 2 && w[1].is("inet", "inet6"):
			return unsupported("a gateway of the other family")
		case routeOptions[key] != "" && len(w) > 1:
			out, w = append(out, routeOptions[key], w[1].String()), w[2:]
		default:
			return unsupported("ip route … " + key)
		}
	}
	c.add(&item{text: strings.Join(out, " "), in: true, ns: c.ns, prefix: c.tolerance()})
	return nil
}

var ruleOptions = map[string]string{
	"from": "from", "to": "to", "iif": "iif", "dev": "iif", "oif": "oif", "fwmark": "fwmark", "tos": "tos", "dsfield": "tos",
	"priority": "priority", "pref": "priority", "preference": "priority", "prio": "priority", "order": "priority", "table": "table", "lookup": "table",
}

func (c *converter) ipRule(verb string, w []word, six bool) error {
	if verb != "add" && verb != "del" {
		return unsupported("ip rule " + verb)
	}
	out := []string{"rule", verb}
	for len(w) > 0 {
		key := w[0].lit()
		switch {
		case key == "not" || key == "blackhole" || key == "unreachable" || key == "prohibit":
			out, w = append(out, key), w[1:]
		case ruleOptions[key] != "" && len(w) > 1:
			out, w = append(out, ruleOptions[key], w[1].String()), w[2:]
		default:
			return unsupported("ip rule … " + key)
		}
	}
	if six {
		out = append(out, "family", "inet6")
	}
	c.add(&item{text: strings.Join(out, " "), in: true, ns: c.ns, prefix: c.tolerance()})
	return nil
}

func (c *converter) ipNeigh(verb string, w []word) error {
	if !slices.Contains([]string{"add", "replace", "del"}, verb) {
		return unsupported("ip neigh " + verb)
	}
	out, to, proxy := []string{}, word{}, false
	for len(w) > 0 {
		key := w[0].lit()
		switch {
		case key == "proxy":
			proxy = true
		case (key == "lladdr" || key == "dev") && len(w) > 1:
			out, w = append(out, key, w[1].String()), w[1:]
		case (key == "nud") && len(w) > 1 && w[1].is("permanent"):
			w = w[1:]
		case key == "to" && len(w) > 1:
			to, w = w[1], w[1:]
		case to.empty():
			to = w[0]
		default:
			return unsupported("ip neigh … " + key)
		}
		w = w[1:]
	}
	if to.empty() {
		return unsupported("ip neigh " + verb)
	}
	text := strings.Join(append([]string{"neigh", verb, to.String()}, out...), " ")
	if proxy {
		text += " proxy"
	}
	c.add(&item{text: text, in: true, ns: c.ns, prefix: c.tolerance()})
	return nil
}
