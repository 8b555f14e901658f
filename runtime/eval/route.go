package eval

import (
	"errors"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/value"
)

func (t *thread) route(s *ast.Route) error {
	r := host.Route{NS: t.space, Type: s.Type}
	dest, err := t.one(s.Dest)
	if err != nil {
		return err
	}
	w := where{host.FieldDest: dest.at}
	isDefault := false
	if text, ok := dest.v.(value.Text); ok && text.S == "default" {
		isDefault = true
	} else if r.Dest, err = value.AsPrefixOrIP(dest.v); err != nil {
		return t.wrong(dest.at, err)
	}
	v6 := r.Dest.IsValid() && r.Dest.Addr().Is6()
	if via := s.Opts.Get("via"); via != nil {
		if r.Via, r.Dev, err = t.via(via.Args[0], w, isDefault, v6); err != nil {
			return err
		}
	}
	for _, o := range s.Opts {
		if err := t.routeOption(o, &r, w); err != nil {
			return err
		}
	}
	for _, h := range s.Hops {
		hop, err := t.nexthop(h, w, isDefault, v6)
		if err != nil {
			return err
		}
		r.Nexthop = append(r.Nexthop, hop)
	}
	if isDefault {
		r.Dest = defaultDest(r)
	}
	return t.do(s.Span, host.RouteSet{Verb: host.Verb(s.Verb), Route: r}, w)
}

// defaultDest is 0/0 of the family that the rest of the route speaks.
func defaultDest(r host.Route) netip.Prefix {
	via := r.Via
	if len(r.Nexthop) > 0 && !via.IsValid() {
		via = r.Nexthop[0].Via
	}
	if via.IsValid() && via.Is6() || r.Src.IsValid() && r.Src.Is6() {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

// via is the gateway a word names: an address, or a namespace, whose name
// stands for its address on the shared link.
func (t *thread) via(x ast.Expr, w where, isDefault, v6 bool) (netip.Addr, string, error) {
	a, err := t.one(x)
	if err != nil {
		return netip.Addr{}, "", err
	}
	w[host.FieldVia] = a.at
	ip, err := value.AsIP(a.v)
	if err == nil || errors.Is(err, value.ErrUnknown) {
		return ip, "", err
	}
	text, isText := a.v.(value.Text)
	if !isText || looksLikeAddress(text.S) {
		return ip, "", t.wrong(a.at, err)
	}
	ns, err := t.existingSpace(a)
	if err != nil {
		return ip, "", err
	}
	ip, dev, err := t.cfg.Net.Gateway(t.space, ns, v6)
	if err != nil && isDefault {
		ip, dev, err = t.cfg.Net.Gateway(t.space, ns, true)
	}
	switch {
	case errors.Is(err, host.ErrUnknown) && t.cfg.Rehearse:
		return ip, "", value.ErrUnknown
	case err != nil:
		return ip, "", t.fail(diag.NoSharedLink, a.at, "%s and %s share no link", spaceName(t.space), ns).
			help("join them with a cable, or write the address of the router on the link: via IP")
	}
	return ip, dev, nil
}

// looksLikeAddress keeps a misspelt address from being taken for a namespace.
func looksLikeAddress(s string) bool {
	return strings.Contains(s, ":") || strings.Count(s, ".") == 3
}

func (t *thread) routeOption(o *ast.Option, r *host.Route, w where) error {
	switch o.Name {
	case "via":
		return nil
	case "dev":
		e, err := t.device(o.Args[0])
		r.Dev, w[host.FieldDev] = e.Name, e.at
		return err
	case "src":
		a, err := t.one(o.Args[0])
		if err != nil {
			return err
		}
		w[host.FieldSrc] = a.at
		r.Src, err = value.AsIP(a.v)
		return t.wrong(a.at, err)
	case "onlink":
		r.OnLink = true
		return nil
	case "scope":
		var err error
		r.Scope, _, err = t.text(o.Args[0])
		return err
	case "metric":
		n, _, err := t.number(o.Args[0])
		r.Metric = int(n)
		return err
	case "table":
		n, at, err := t.named(o.Args[0], "rt_tables", tables)
		r.Table, w[host.FieldTable] = n, at
		return err
	case "proto":
		n, _, err := t.named(o.Args[0], "rt_protos", protos)
		r.Proto = n
		return err
	}
	return t.notYet(o)
}

// device is an interface of the innermost in. That it is there is for the
// network to say: a route may well be refused for a better reason.
func (t *thread) device(x ast.Expr) (endpoint, error) {
	e, err := t.end(x)
	if err != nil {
		return e, err
	}
	if e.NS != t.space {
		return e, t.fail(diag.OtherNamespace, e.at, "`%s` is in %s, and this statement works in %s",
			e.Name, spaceName(e.NS), spaceName(t.space)).help("write: in %s …", e.NS)
	}
	return e, t.linkMustExist(e)
}

func (t *thread) nexthop(h *ast.Nexthop, w where, isDefault, v6 bool) (host.Nexthop, error) {
	var hop host.Nexthop
	var err error
	if via := h.Opts.Get("via"); via != nil {
		if hop.Via, hop.Dev, err = t.via(via.Args[0], w, isDefault, v6); err != nil {
			return hop, err
		}
	}
	for _, o := range h.Opts {
		switch o.Name {
		case "via":
		case "dev":
			e, err := t.device(o.Args[0])
			if err != nil {
				return hop, err
			}
			hop.Dev = e.Name
		case "weight":
			n, at, err := t.number(o.Args[0])
			if err != nil {
				return hop, err
			}
			if n < 1 || n > 256 {
				return hop, t.fail(diag.OutOfBounds, at, "a weight is from 1 to 256")
			}
			hop.Weight = int(n)
		case "onlink":
			hop.OnLink = true
		default:
			return hop, t.notYet(o)
		}
	}
	return hop, nil
}

// The names that iproute2 knows by itself (lib/rt_names.c).
var (
	tables = map[string]int{"default": 253, "main": 254, "local": 255}
	protos = map[string]int{"redirect": 1, "kernel": 2, "boot": 3, "static": 4, "gated": 8, "ra": 9,
		"zebra": 11, "bird": 12, "dhcp": 16, "keepalived": 18, "bgp": 186, "isis": 187, "ospf": 188, "rip": 189}
)

// named is a number, or a name for one: built in, or from a file of iproute2.
func (t *thread) named(x ast.Expr, file string, known map[string]int) (int, token.Span, error) {
	a, err := t.one(x)
	if err != nil {
		return 0, a.at, err
	}
	if n, err := value.AsInt(a.v); err == nil {
		if n < 1 || n > 1<<32-1 {
			return 0, a.at, t.fail(diag.OutOfBounds, a.at, "`%d` is not from 1 to 4294967295", n)
		}
		return int(n), a.at, nil
	}
	text, err := value.AsText(a.v)
	if err != nil {
		return 0, a.at, t.wrong(a.at, err)
	}
	if n, ok := known[text]; ok {
		return n, a.at, nil
	}
	for _, dir := range []string{"/etc/iproute2/", "/usr/share/iproute2/", "/usr/lib/iproute2/"} {
		if n, ok := lookupName(dir+file, text); ok {
			return n, a.at, nil
		}
	}
	return 0, a.at, t.fail(diag.WrongKind, a.at, "no number or name known for `%s`", name.Quote(text)).
		help("write a number, or a name from /etc/iproute2/%s", file)
}

// lookupName finds a name in a file of lines "NUMBER NAME".
func lookupName(path, want string) (int, bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) >= 2 && words[1] == want && !strings.HasPrefix(words[0], "#") {
			n, err := strconv.ParseInt(words[0], 0, 64)
			return int(n), err == nil
		}
	}
	return 0, false
}

func (t *thread) neigh(s *ast.Neigh) error {
	a, err := t.one(s.IP)
	if err != nil {
		return err
	}
	n := host.Neigh{NS: t.space}
	if n.IP, err = value.AsIP(a.v); err != nil {
		return t.wrong(a.at, err)
	}
	w := where{host.FieldAddr: a.at}
	for _, o := range s.Opts {
		switch o.Name {
		case "lladdr":
			n.MAC, w[host.FieldMAC], err = t.mac(o.Args[0])
		case "dev":
			var e endpoint
			e, err = t.device(o.Args[0])
			n.Dev, w[host.FieldDev] = e.Name, e.at
		case "proxy":
			n.Proxy = true
		default:
			err = t.notYet(o)
		}
		if err != nil {
			return err
		}
	}
	if n.Dev == "" {
		return t.fail(diag.OptionMissing, s.Span, "neigh lacks the interface").help("neigh %s %s … dev IF", s.Verb, n.IP)
	}
	if n.MAC == "" && !n.Proxy && s.Verb != string(host.Del) {
		return t.fail(diag.OptionMissing, s.Span, "neigh lacks the MAC address").
			help("neigh %s %s lladdr MAC dev %s", s.Verb, n.IP, n.Dev)
	}
	return t.do(s.Span, host.NeighSet{Verb: host.Verb(s.Verb), Neigh: n}, w)
}

func (t *thread) rule(s *ast.Rule) error {
	r := host.Rule{NS: t.space, Family: 4}
	w := where{}
	for _, o := range s.Opts {
		if err := t.ruleOption(o, &r, w); err != nil {
			return err
		}
	}
	if r.From.IsValid() && r.From.Addr().Is6() || r.To.IsValid() && r.To.Addr().Is6() {
		r.Family = 6
	}
	if r.Table == 0 && r.Action == "" && s.Verb != string(host.Del) {
		return t.fail(diag.OptionMissing, s.Span, "rule lacks what to do").help("rule add … table N, or: blackhole, unreachable, prohibit")
	}
	return t.do(s.Span, host.RuleSet{Verb: host.Verb(s.Verb), Rule: r}, w)
}

func (t *thread) ruleOption(o *ast.Option, r *host.Rule, w where) (err error) {
	switch o.Name {
	case "from":
		r.From, err = t.selector(o)
	case "to":
		r.To, err = t.selector(o)
	case "iif":
		r.IIf, _, err = t.text(o.Args[0])
	case "oif":
		r.OIf, _, err = t.text(o.Args[0])
	case "not":
		r.Not = true
	case "fwmark":
		r.Mark, r.Mask, err = t.mark(o)
	case "priority", "pref":
		var n int64
		n, w[host.FieldValue], err = t.number(o.Args[0])
		r.Priority = int(n)
	case "tos":
		var n int64
		n, _, err = t.number(o.Args[0])
		r.TOS = int(n)
	case "table", "lookup":
		r.Table, w[host.FieldTable], err = t.named(o.Args[0], "rt_tables", tables)
	case "family":
		var text string
		text, _, err = t.text(o.Args[0])
		if text == "inet6" {
			r.Family = 6
		}
	case "blackhole", "unreachable", "prohibit":
		r.Action = o.Name
	default:
		err = t.notYet(o)
	}
	return err
}

// selector is the prefix of a rule; all and default select everything.
func (t *thread) selector(o *ast.Option) (netip.Prefix, error) {
	a, err := t.one(o.Args[0])
	if err != nil {
		return netip.Prefix{}, err
	}
	if text, ok := a.v.(value.Text); ok && (text.S == "all" || text.S == "default") {
		return netip.Prefix{}, nil
	}
	p, err := value.AsPrefixOrIP(a.v)
	return p, t.wrong(a.at, err)
}

// mark is a firewall mark with its mask: 0x10 or 0x10/0xff.
func (t *thread) mark(o *ast.Option) (mark, mask uint32, err error) {
	text, at, err := t.text(o.Args[0])
	if err != nil {
		return 0, 0, err
	}
	value, limit, masked := strings.Cut(text, "/")
	m, err := strconv.ParseUint(value, 0, 32)
	if err == nil && masked {
		var k uint64
		k, err = strconv.ParseUint(limit, 0, 32)
		mask = uint32(k)
	}
	if err != nil {
		return 0, 0, t.fail(diag.WrongKind, at, "`%s` is no mark", name.Quote(text)).help("write 0x10, or with a mask 0x10/0xff")
	}
	return uint32(m), mask, nil
}

func (t *thread) hosts(s *ast.Hosts) error {
	a, err := t.one(s.IP)
	if err != nil {
		return err
	}
	op := host.HostsAdd{NS: t.space}
	if op.IP, err = value.AsIP(a.v); err != nil {
		return t.wrong(a.at, err)
	}
	names, err := t.args(s.Names)
	if err != nil {
		return err
	}
	for _, n := range names {
		text, err := value.AsText(n.v)
		if err != nil {
			return t.wrong(n.at, err)
		}
		if !isHostName(text) {
			return t.fail(diag.BadName, n.at, "`%s` is no host name", name.Quote(text)).
				help("letters, digits, - and . only (RFC 1123)")
		}
		op.Names = append(op.Names, text)
	}
	if err := t.notHere(s.Span, "hosts"); err != nil {
		return err
	}
	return t.do(s.Span, op, where{host.FieldAddr: a.at})
}

func (t *thread) dns(s *ast.DNS) error {
	op := host.DNSSet{NS: t.space}
	args, err := t.args(s.Servers)
	if err != nil {
		return err
	}
	for _, a := range args {
		ip, err := value.AsIP(a.v)
		if err != nil {
			return t.wrong(a.at, err)
		}
		op.Servers = append(op.Servers, ip)
	}
	if err := t.notHere(s.Span, "dns"); err != nil {
		return err
	}
	return t.do(s.Span, op, where{})
}

// notHere keeps the machine's own files from being written.
func (t *thread) notHere(at token.Span, what string) error {
	if t.space != host.Start {
		return nil
	}
	return t.fail(diag.NotHere, at, "%s is for the namespaces of a script, not for the machine's own /etc", what).
		help("write: in NS %s …", what)
}

func isHostName(s string) bool {
	if s == "" || len(s) > 253 || strings.HasPrefix(s, "-") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
	})
}
