package check

import (
	"strconv"
	"strings"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/literal"
	"vnet/lang/name"
	"vnet/lang/usage"
)

// network checks the statements about the network and about programs.
func (w *walker) network(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.Lab:
		w.lab(s)
	case *ast.NS:
		w.ns(s)
	case *ast.NSDel:
		w.spaces(s.Names)
	case *ast.In:
		w.spaces(s.Spaces)
		w.body(s.Body, s.Single)
	case *ast.Veth:
		w.side(s.A)
		w.side(s.B)
		w.options("veth", usage.Cable, s.Opts)
	case *ast.Link:
		if s.Kind == "uplink" {
			w.uplinkEnd(s.End)
		} else {
			w.end(s.End, name.Link)
		}
		w.kinds(s.Addrs, usage.CIDR)
		w.options(s.Kind, usage.Whole, s.Opts)
	case *ast.Addr:
		w.addr(s)
	case *ast.LinkSet:
		w.end(s.End, name.ExistingLink)
		w.options("link", usage.Whole, s.Changes)
	case *ast.LinkDel:
		for _, x := range s.Ends {
			w.end(x, name.ExistingLink)
		}
	case *ast.Route:
		w.route(s)
	case *ast.Rule:
		w.rule(s)
	case *ast.Neigh:
		w.neigh(s)
	case *ast.Sysctl:
		w.sysctl(s.Key, s.Value)
	case *ast.Forward:
		w.kind(s.Switch, usage.Switch)
	case *ast.Hosts:
		w.hosts(s)
	case *ast.DNS:
		w.kinds(s.Servers, usage.IP)
	case *ast.Exec:
		w.program("exec", s)
	case *ast.Spawn:
		w.spawn(s)
	case *ast.Stop:
		w.exprs(s.Names)
	case *ast.Logs:
		w.exprs(s.Names)
	case *ast.Expect:
		w.look(s.Cond)
		w.optional(s.Why)
	case *ast.Wait:
		w.wait(s)
	case *ast.Show:
		w.spaces(s.Spaces)
		w.options("show", usage.Whole, s.Opts)
	}
}

func (w *walker) lab(s *ast.Lab) {
	w.expr(s.Name)
	w.named(s.Name, name.Lab)
	if w.scope.lab.Known() {
		w.fail(diag.DuplicateName, s.Span, "the lab has a name already").
			WithNote(w.scope.lab, "it is given here").
			WithHelp("a script is one lab: take one of the two away")
	}
	w.scope.lab = s.Span
}

func (w *walker) ns(s *ast.NS) {
	for _, x := range s.Names {
		w.expr(x)
		w.forgottenList(x)
		w.named(x, name.Namespace)
	}
	for _, o := range s.Opts {
		switch {
		case o.Name == "sysctl" && len(o.Args) == 2:
			w.sysctl(o.Args[0], o.Args[1])
		case o.Name == "from" && len(o.Args) == 2:
			w.kind(o.Args[1], usage.Int)
		default:
			w.options("ns", usage.Whole, ast.Options{o})
		}
	}
	w.block(s.Body)
}

func (w *walker) side(s ast.Side) {
	w.sideEnd(s.End)
	w.kinds(s.Addrs, usage.CIDR)
	w.options("veth", usage.Side, s.Opts)
}

func (w *walker) addr(s *ast.Addr) {
	w.end(s.End, name.ExistingLink)
	kind := usage.CIDR
	if s.Verb == "del" {
		kind = usage.Dest
	}
	w.kinds(s.CIDRs, kind)
	w.options("addr", usage.Whole, s.Opts)
}

func (w *walker) route(s *ast.Route) {
	w.kind(s.Dest, usage.Dest)
	w.options("route", usage.Whole, s.Opts)
	for _, h := range s.Hops {
		w.options("route", usage.Hop, h.Opts)
	}
}

func (w *walker) rule(s *ast.Rule) {
	w.options("rule", usage.Whole, s.Opts)
	for _, o := range s.Opts {
		switch o.Name {
		case "table", "lookup", "blackhole", "unreachable", "prohibit":
			return
		}
	}
	if s.Verb != "del" {
		w.fail(diag.OptionMissing, s.Span, "rule lacks what to do").
			WithHelp("rule add … table N, or: blackhole, unreachable, prohibit")
	}
}

func (w *walker) neigh(s *ast.Neigh) {
	w.kind(s.IP, usage.IP)
	w.options("neigh", usage.Whole, s.Opts)
	ip := "IP"
	if text, ok := ast.Lit(s.IP); ok {
		ip = name.Quote(text)
	}
	switch {
	case s.Opts.Get("dev") == nil:
		w.fail(diag.OptionMissing, s.Span, "neigh lacks the interface").WithHelp("neigh %s %s … dev IF", s.Verb, ip)
	case s.Opts.Get("lladdr") == nil && s.Opts.Get("proxy") == nil && s.Verb != "del":
		w.fail(diag.OptionMissing, s.Span, "neigh lacks the MAC address").
			WithHelp("neigh %s %s lladdr MAC dev IF", s.Verb, ip)
	}
}

func (w *walker) sysctl(key, value ast.Expr) {
	w.expr(key)
	w.expr(value)
	text, ok := ast.Lit(key)
	if !ok {
		return
	}
	if path := strings.ReplaceAll(text, "/", "."); !strings.HasPrefix(path, "net.") {
		w.fail(diag.SysctlKey, key.Where(), "`%s` does not belong to a network namespace", name.Quote(path)).
			WithHelp("only the keys below net. do; set others with: exec sysctl -w KEY=VALUE")
	}
}

func (w *walker) hosts(s *ast.Hosts) {
	w.kind(s.IP, usage.IP)
	for _, x := range s.Names {
		w.expr(x)
		for _, text := range texts(x) {
			if !isHostName(text) {
				w.fail(diag.BadName, x.Where(), "`%s` is no host name", name.Quote(text)).
					WithHelp("letters, digits, - and . only (RFC 1123)")
				break
			}
		}
	}
}

func isHostName(s string) bool {
	if s == "" || len(s) > 253 || strings.HasPrefix(s, "-") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
	})
}

// value checks the options that take words of several kinds.
func (w *walker) value(u *usage.Option, x ast.Expr) {
	w.expr(x)
	text, quoted, ok := lit(x)
	if !ok {
		return
	}
	n, isInt := literal.ParseInt(text)
	switch u.Name {
	case "via":
		w.via(x, text, quoted)
	case "table", "lookup", "proto":
		if isInt && (n < 1 || n > 1<<32-1) {
			w.fail(diag.OutOfBounds, x.Where(), "`%d` is not from 1 to 4294967295", n)
		}
	case "scope":
		if isInt && (n < 0 || n > 255) {
			w.fail(diag.OutOfBounds, x.Where(), "scope is from 0 to 255, and this is %d", n)
		} else if !isInt {
			w.choice(u, x)
		}
	case "fwmark":
		if !isMark(text) {
			w.fail(diag.WrongKind, x.Where(), "`%s` is no mark", name.Quote(text)).
				WithHelp("write 0x10, or with a mask 0x10/0xff")
		}
	case "tos":
		w.misfit(x.Where(), fit(usage.Int, text, quoted))
		if isInt && (n < 0 || n > 255) {
			w.fail(diag.OutOfBounds, x.Where(), "tos is from 0 to 255, and this is %d", n)
		}
	}
}

// via checks a gateway: an address, or the name of a namespace.
func (w *walker) via(x ast.Expr, text string, quoted bool) {
	isName := describe(text, quoted) == "a text" && !strings.Contains(text, ":") && strings.Count(text, ".") != 3
	if !isName {
		w.misfit(x.Where(), fit(usage.IP, text, quoted))
		return
	}
	w.named(x, existingSpace)
}

func isMark(text string) bool {
	value, mask, masked := strings.Cut(text, "/")
	_, err := strconv.ParseUint(value, 0, 32)
	if err == nil && masked {
		_, err = strconv.ParseUint(mask, 0, 32)
	}
	return err == nil
}
