package eval

import (
	"net"
	"os/user"
	"strconv"
	"time"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/value"
)

func (t *thread) link(s *ast.Link) error {
	if s.Kind == "uplink" {
		return t.uplink(s)
	}
	e, err := t.newEnd(s.End)
	if err != nil {
		return err
	}
	addrs, err := t.addresses(s.Addrs)
	if err != nil {
		return err
	}
	if s.Kind == "bridge" && e.NS == host.Start && t.cfg.Net.Known(e.Name) {
		f := t.fail(diag.NamespaceIsBridge, e.at, "`%s` is a namespace already; one name cannot be both", e.Name)
		t.mu.Lock()
		made := t.made[host.Key{What: "namespace", Name: e.Name}]
		t.mu.Unlock()
		f.Diag.WithNote(made, "the namespace is made here")
		return f.help("a bridge in a namespace is written NS:NAME")
	}
	l := host.Link{NS: e.NS, Name: e.Name, Kind: s.Kind, Up: true}
	w := where{host.FieldName: e.at, host.FieldNS: e.at}
	if err := t.linkOptions(s, &l, w); err != nil {
		return err
	}
	if err := t.do(s.Span, host.LinkAdd{Link: l}, w); err != nil {
		return err
	}
	return t.addAddrs(s.Span, e.End, addrs)
}

func (t *thread) linkOptions(s *ast.Link, l *host.Link, w where) error {
	switch s.Kind {
	case "bridge":
		l.Bridge = &host.Bridge{}
	case "tun", "tap":
		l.Tun = &host.Tun{}
	case "macvlan":
		l.Macvlan = &host.Macvlan{Mode: "bridge"}
	case "vxlan":
		l.VXLAN = &host.VXLAN{}
	}
	for _, o := range s.Opts {
		if err := t.linkOption(o, l, w); err != nil {
			return err
		}
	}
	switch {
	case s.Kind == "vxlan" && s.Opts.Get("id") == nil:
		return t.fail(diag.OptionMissing, s.Span, "vxlan %s lacks its id", l.Name).help("vxlan %s id 42 …", l.Name)
	case s.Kind == "macvlan" && l.Parent == "":
		return t.fail(diag.OptionMissing, s.Span, "macvlan %s lacks the interface it stands on", l.Name).
			help("macvlan %s on PARENT", l.Name)
	}
	return nil
}

// linkOption applies an option that any kind may have, or one of its kind.
func (t *thread) linkOption(o *ast.Option, l *host.Link, w where) (err error) {
	switch o.Name {
	case "mtu":
		var n int64
		n, w[host.FieldMTU], err = t.number(o.Args[0])
		l.MTU = int(n)
	case "mac":
		l.MAC, w[host.FieldMAC], err = t.mac(o.Args[0])
	case "down":
		l.Up = false
	case "on", "dev":
		l.Parent, w[host.FieldParent], err = t.parent(o.Args[0], l.NS)
	case "mode":
		l.Macvlan.Mode, w[host.FieldMode], err = t.text(o.Args[0])
	default:
		switch l.Kind {
		case "bridge":
			return t.bridgeOption(o, l.Bridge)
		case "tun", "tap":
			return t.tunOption(o, l.Tun)
		case "vxlan":
			return t.vxlanOption(o, l.VXLAN, w)
		}
		return t.notYet(o)
	}
	return err
}

func (t *thread) bridgeOption(o *ast.Option, b *host.Bridge) error {
	if o.Name == "ageing" {
		a, err := t.one(o.Args[0])
		if err != nil {
			return err
		}
		d, err := value.AsDuration(a.v)
		b.Ageing = &d
		return t.wrong(a.at, err)
	}
	on, _, err := t.onOff(o.Args[0])
	switch o.Name {
	case "stp":
		b.STP = &on
	case "vlan_filtering":
		b.VLANFiltering = &on
	default:
		return t.notYet(o)
	}
	return err
}

func (t *thread) tunOption(o *ast.Option, tun *host.Tun) error {
	if o.Name == "multi_queue" {
		tun.MultiQueue = true
		return nil
	}
	who, at, err := t.text(o.Args[0])
	if err != nil {
		return err
	}
	lookup := func(s string) (string, error) {
		u, err := user.Lookup(s)
		if err != nil {
			return "", err
		}
		return u.Uid, nil
	}
	target := &tun.User
	if o.Name == "group" {
		target = &tun.Group
		lookup = func(s string) (string, error) {
			g, err := user.LookupGroup(s)
			if err != nil {
				return "", err
			}
			return g.Gid, nil
		}
	}
	id, err := strconv.Atoi(who)
	if err != nil {
		found, lookErr := lookup(who)
		if lookErr != nil && t.cfg.Foreign { // it may be there where the script runs
			t.warn(diag.Warn(diag.NoSuchUser, at, "no %s `%s` on this machine", o.Name, name.Quote(who)))
			return nil
		}
		if lookErr != nil {
			return t.fail(diag.NoSuchUser, at, "no %s `%s` on this machine", o.Name, name.Quote(who))
		}
		id, _ = strconv.Atoi(found)
	}
	*target = &id
	return nil
}

func (t *thread) vxlanOption(o *ast.Option, v *host.VXLAN, w where) (err error) {
	var n int64
	switch o.Name {
	case "id":
		n, w[host.FieldID], err = t.number(o.Args[0])
		v.ID = int(n)
	case "port":
		n, w[host.FieldValue], err = t.number(o.Args[0])
		v.Port = int(n)
	case "ttl":
		n, w[host.FieldValue], err = t.number(o.Args[0])
		v.TTL = int(n)
	case "learning":
		var on bool
		on, _, err = t.onOff(o.Args[0])
		v.Learning = &on
	case "local", "remote", "group":
		a, argErr := t.one(o.Args[0])
		if argErr != nil {
			return argErr
		}
		ip, ipErr := value.AsIP(a.v)
		if ipErr != nil {
			return t.wrong(a.at, ipErr)
		}
		if o.Name == "local" {
			v.Local, w[host.FieldLocal] = ip, a.at
			return nil
		}
		v.Remote, w[host.FieldRemote] = ip, a.at
	default:
		return t.notYet(o)
	}
	return err
}

// parent is the interface that another one stands on, in the same namespace.
func (t *thread) parent(x ast.Expr, ns string) (string, token.Span, error) {
	in := *t
	in.space = ns
	e, err := in.existingLink(x)
	if err == nil && e.NS != ns {
		err = t.fail(diag.OtherNamespace, e.at, "`%s` is in %s, not in %s", e.Name, spaceName(e.NS), spaceName(ns)).
			help("make the interface where its parent is, and move it: link set END netns %s", ns)
	}
	return e.Name, e.at, err
}

func (t *thread) addr(s *ast.Addr) error {
	e, err := t.existingLink(s.End)
	if err != nil {
		return err
	}
	args, err := t.flat(s.CIDRs...)
	if err != nil {
		return err
	}
	for _, a := range args {
		read := value.AsCIDR
		if s.Verb == string(host.Del) {
			read = value.AsPrefixOrIP
		}
		p, err := read(a.v)
		if err != nil {
			return t.wrong(a.at, err)
		}
		op := host.AddrSet{Verb: host.Verb(s.Verb), Addr: host.Addr{NS: e.NS, Link: e.Name, Prefix: p}}
		if err := t.addrOptions(s, &op.Addr); err != nil {
			return err
		}
		if err := t.do(s.Span, op, where{host.FieldAddr: a.at, host.FieldName: e.at, host.FieldDev: e.at, host.FieldNS: e.at}); err != nil {
			return err
		}
	}
	return nil
}

func (t *thread) addrOptions(s *ast.Addr, a *host.Addr) error {
	for _, o := range s.Opts {
		switch o.Name {
		case "nodad":
			a.NoDAD = true
		default:
			return t.notYet(o)
		}
	}
	return nil
}

func (t *thread) linkDel(s *ast.LinkDel) error {
	for _, x := range s.Ends {
		e, err := t.end(x)
		if err != nil {
			return err
		}
		if t.ensure && !t.cfg.Net.HasLink(e.NS, e.Name) {
			continue
		}
		if err := t.linkMustExist(e); err != nil {
			return err
		}
		if err := t.apply(s.Span, host.LinkDel{NS: e.NS, Name: e.Name}, where{host.FieldName: e.at, host.FieldNS: e.at}); err != nil {
			return err
		}
	}
	return nil
}

func (t *thread) linkSet(s *ast.LinkSet) error {
	e, err := t.existingLink(s.End)
	if err != nil {
		return err
	}
	set := host.LinkSet{NS: e.NS, Name: e.Name}
	w := where{host.FieldName: e.at, host.FieldNS: e.at, host.FieldDev: e.at}
	move := ""
	for _, o := range s.Changes {
		if err := t.linkChange(o, &set, &move, w); err != nil {
			return err
		}
	}
	if set != (host.LinkSet{NS: e.NS, Name: e.Name}) {
		if err := t.do(s.Span, set, w); err != nil {
			return err
		}
	}
	if set.NewName != nil {
		set.Name = *set.NewName
	}
	if move == "" || move == e.NS {
		return nil
	}
	return t.do(s.Span, host.LinkMove{NS: e.NS, Name: set.Name, To: move}, w)
}

func (t *thread) linkChange(o *ast.Option, set *host.LinkSet, move *string, w where) error {
	switch o.Name {
	case "up":
		set.Up = true
		return nil
	case "down":
		set.Down = true
		return nil
	case "nomaster":
		set.Master = new(string)
		return nil
	case "promisc":
		on, _, err := t.onOff(o.Args[0])
		set.Promisc = &on
		return err
	case "mtu":
		n, at, err := t.number(o.Args[0])
		w[host.FieldMTU], set.MTU = at, new(int(n))
		return err
	case "mac":
		mac, at, err := t.mac(o.Args[0])
		w[host.FieldMAC], set.MAC = at, &mac
		return err
	case "netns":
		a, err := t.one(o.Args[0])
		if err != nil {
			return err
		}
		w[host.FieldTo] = a.at
		*move, err = t.existingSpace(a)
		return err
	case "master":
		master, at, err := t.parent(o.Args[0], set.NS)
		w[host.FieldMaster], set.Master = at, &master
		return err
	}
	text, at, err := t.text(o.Args[0])
	if err != nil {
		return err
	}
	switch o.Name {
	case "alias":
		set.Alias = &text
	case "name":
		w[host.FieldValue] = at
		set.NewName = &text
		if err := name.Link(text); err != nil {
			return t.badName(at, err)
		}
	default:
		return t.notYet(o)
	}
	return nil
}

// The readers of single words.

func (t *thread) text(x ast.Expr) (string, token.Span, error) {
	a, err := t.one(x)
	if err != nil {
		return "", a.at, err
	}
	text, err := value.AsText(a.v)
	return text, a.at, t.wrong(a.at, err)
}

func (t *thread) number(x ast.Expr) (int64, token.Span, error) {
	a, err := t.one(x)
	if err != nil {
		return 0, a.at, err
	}
	n, err := value.AsInt(a.v)
	return n, a.at, t.wrong(a.at, err)
}

func (t *thread) onOff(x ast.Expr) (bool, token.Span, error) {
	a, err := t.one(x)
	if err != nil {
		return false, a.at, err
	}
	on, err := value.AsSwitch(a.v)
	return on, a.at, t.wrong(a.at, err)
}

func (t *thread) mac(x ast.Expr) (string, token.Span, error) {
	a, err := t.one(x)
	if err != nil {
		return "", a.at, err
	}
	mac, err := value.AsMAC(a.v)
	if err != nil {
		return "", a.at, t.wrong(a.at, err)
	}
	return net.HardwareAddr(mac[:]).String(), a.at, nil
}

func (t *thread) duration(x ast.Expr) (time.Duration, token.Span, error) {
	a, err := t.one(x)
	if err != nil {
		return 0, a.at, err
	}
	d, err := value.AsDuration(a.v)
	return d, a.at, t.wrong(a.at, err)
}
