package eval

import (
	"strings"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/tx"
	"vnet/runtime/value"
)

// where maps the parts of an operation to the words that wrote them.
type where map[host.Field]token.Span

// do hands an operation to the transaction. A rehearsal looks first whether
// it breaks a rule of the network.
func (t *thread) do(at token.Span, op host.Op, w where) error {
	if t.ensure {
		ops, err := t.converge(at, op, w)
		if err != nil {
			return err
		}
		for _, op := range ops {
			if err := t.apply(at, op, w); err != nil {
				return err
			}
		}
		return nil
	}
	return t.apply(at, op, w)
}

func (t *thread) apply(at token.Span, op host.Op, w where) error {
	step := tx.Step{Op: op, At: at, Where: w, Inside: t.surroundings()}
	if t.cfg.Rehearse {
		if err := t.review(step); err != nil {
			return err
		}
	}
	if err := t.tx().Do(t.ctx, step); err != nil {
		return err
	}
	t.remember(op, at, w)
	return nil
}

// review reports every rule of the network that an operation would break.
func (t *thread) review(step tx.Step) error {
	broken := false
	for _, f := range t.cfg.Net.Check(step.Op) {
		d := t.finding(step, f)
		if t.trying > 0 || f.Code == diag.DuplicateNamespace && t.maybe > 0 {
			broken = broken || !f.Warning
			continue
		}
		if !f.Warning {
			broken = true
		}
		t.note(&Failure{Diag: d})
	}
	if broken {
		return errTold
	}
	return nil
}

// remember keeps the place where an object was made.
func (t *thread) remember(op host.Op, at token.Span, w where) {
	t.mu.Lock()
	defer t.mu.Unlock()
	keep := func(what, obj string, f host.Field) {
		place, ok := w[f]
		if !ok {
			place = at
		}
		t.made[host.Key{What: what, Name: obj}] = place
		delete(t.silenced, obj) // what was in doubt is there
	}
	switch op := op.(type) {
	case host.NamespaceAdd:
		keep("namespace", op.Name, host.FieldName)
	case host.NamespaceAdopt:
		keep("namespace", op.Name, host.FieldName)
	case host.NamespaceDel:
		delete(t.made, host.Key{What: "namespace", Name: op.Name})
	case host.LinkAdd:
		keep("link", op.Link.End().String(), host.FieldName)
		if op.Peer != nil {
			keep("link", op.Peer.End().String(), host.FieldPeer)
		}
	case host.AddrSet:
		if op.Verb != host.Del {
			keep("address", op.Addr.NS+":"+op.Addr.Link+" "+op.Addr.Prefix.Addr().String(), host.FieldAddr)
		}
	}
}

func (t *thread) lab(s *ast.Lab) error {
	a, err := t.one(s.Name)
	if err != nil {
		return err
	}
	text, err := value.AsText(a.v)
	if err != nil {
		return t.wrong(a.at, err)
	}
	if err := name.Lab(text); err != nil {
		return t.badName(a.at, err)
	}
	t.mu.Lock()
	t.tally.Lab = text
	t.mu.Unlock()
	return nil
}

func (t *thread) ns(s *ast.NS) error {
	names, err := t.flat(s.Names...)
	if err != nil {
		return err
	}
	var made []arg
	var failed error
	for _, a := range names {
		switch err := t.makeSpace(s, a); {
		case err == nil:
			made = append(made, a)
		case t.cfg.Rehearse && failed == nil:
			failed = err
		case t.cfg.Rehearse:
			t.note(err)
		default:
			return err
		}
	}
	for _, a := range made {
		sub := t.enter("ns "+a.v.String(), s.Span)
		sub.space = a.v.String()
		if err := sub.spaceOptions(s); err != nil {
			return err
		}
		if s.Body != nil {
			if err := sub.block(s.Body); err != nil {
				return err
			}
		}
	}
	return failed
}

// makeSpace makes or adopts one namespace.
func (t *thread) makeSpace(s *ast.NS, a arg) error {
	text, err := value.AsText(a.v)
	if err != nil {
		return t.wrong(a.at, err)
	}
	if err := name.Namespace(text); err != nil {
		return t.badName(a.at, err)
	}
	w := where{host.FieldName: a.at, host.FieldNS: a.at}
	if from := s.Opts.Get("from"); from != nil {
		path, err := t.adoptedFrom(from)
		if err != nil {
			return err
		}
		return t.do(s.Span, host.NamespaceAdopt{Name: text, Path: path}, w)
	}
	if near, ok := t.bridgeNamed(text); ok {
		f := t.fail(diag.NamespaceIsBridge, a.at, "`%s` is a bridge already; one name cannot be both", text)
		f.Diag.WithNote(near, "the bridge is made here")
		return f
	}
	return t.do(s.Span, host.NamespaceAdd{Name: text}, w)
}

// bridgeNamed finds a bridge of the starting namespace that this script made
// under that name: a bare word could mean either.
func (t *thread) bridgeNamed(text string) (token.Span, bool) {
	t.mu.Lock()
	at, ok := t.made[host.Key{What: "link", Name: host.End{NS: host.Start, Name: text}.String()}]
	t.mu.Unlock()
	return at, ok && t.cfg.Net.IsBridge(host.Start, text)
}

// adoptedFrom is the file of a namespace: of a process, or a path.
func (t *thread) adoptedFrom(o *ast.Option) (string, error) {
	args, err := t.args(o.Args)
	if err != nil {
		return "", err
	}
	if len(args) == 2 {
		pid, err := value.AsInt(args[1].v)
		if err != nil {
			return "", t.wrong(args[1].at, err)
		}
		return "/proc/" + value.NewInt(pid).String() + "/ns/net", nil
	}
	path, err := value.AsText(args[0].v)
	return path, t.wrong(args[0].at, err)
}

func (t *thread) spaceOptions(s *ast.NS) error {
	for _, o := range s.Opts {
		switch o.Name {
		case "forward":
			if err := t.setForward(o.Span, o.Args[0]); err != nil {
				return err
			}
		case "sysctl":
			if err := t.setSysctl(o.Span, o.Args[0], o.Args[1]); err != nil {
				return err
			}
		case "from":
		default:
			return t.notYet(o)
		}
	}
	return nil
}

// notYet refuses an option of the language that this version cannot carry out.
func (t *thread) notYet(o *ast.Option) error {
	return t.fail(diag.NotInVersion, o.Word, "`%s` is not in this version of vnet", o.Name)
}

func (t *thread) nsDel(s *ast.NSDel) error {
	names, err := t.flat(s.Names...)
	if err != nil {
		return err
	}
	for _, a := range names {
		if t.ensure {
			text, err := value.AsText(a.v)
			if err == nil && !t.cfg.Net.Known(text) {
				continue
			}
		}
		ns, err := t.existingSpace(a)
		if err != nil {
			return err
		}
		if ns == host.Start {
			return t.fail(diag.BadName, a.at, "`host` is the starting namespace; it cannot be removed")
		}
		if err := t.apply(s.Span, host.NamespaceDel{Name: ns}, where{host.FieldName: a.at, host.FieldNS: a.at}); err != nil {
			return err
		}
	}
	return nil
}

func (t *thread) in(s *ast.In) error {
	spaces, err := t.flat(s.Spaces...)
	if err != nil {
		return err
	}
	for _, a := range spaces {
		ns, err := t.existingSpace(a)
		if err != nil {
			return err
		}
		sub := *t
		if !s.Single {
			sub = *t.enter("in "+ns, token.Span{Pos: s.Pos, End: s.Body.Pos})
		}
		sub.space = ns
		if err := sub.body(s.Body, s.Single); err != nil {
			return err
		}
		t.defers = sub.defers
	}
	return nil
}

func (t *thread) forward(s *ast.Forward) error { return t.setForward(s.Span, s.Switch) }

// setForward turns routing on or off for both families.
func (t *thread) setForward(at token.Span, x ast.Expr) error {
	a, err := t.one(x)
	if err != nil {
		return err
	}
	on, err := value.AsSwitch(a.v)
	if err != nil {
		return t.wrong(a.at, err)
	}
	number := "0"
	if on {
		number = "1"
	}
	for _, key := range []string{"net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"} {
		op := host.SysctlSet{NS: t.space, Key: key, Value: number}
		if err := t.do(at, op, where{host.FieldValue: a.at}); err != nil {
			return err
		}
	}
	return nil
}

func (t *thread) sysctl(s *ast.Sysctl) error { return t.setSysctl(s.Span, s.Key, s.Value) }

func (t *thread) setSysctl(at token.Span, key, val ast.Expr) error {
	k, err := t.one(key)
	if err != nil {
		return err
	}
	v, err := t.one(val)
	if err != nil {
		return err
	}
	path, err := value.AsText(k.v)
	if err != nil {
		return t.wrong(k.at, err)
	}
	text, err := value.AsText(v.v)
	if err != nil {
		return t.wrong(v.at, err)
	}
	path = strings.ReplaceAll(path, "/", ".")
	if !strings.HasPrefix(path, "net.") {
		return t.fail(diag.SysctlKey, k.at, "`%s` does not belong to a network namespace", name.Quote(path)).
			help("only the keys below net. do; set others with: exec sysctl -w KEY=VALUE")
	}
	return t.do(at, host.SysctlSet{NS: t.space, Key: path, Value: text}, where{host.FieldKey: k.at, host.FieldValue: v.at})
}
