package eval

import (
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/lang/usage"
	"vnet/runtime/host"
)

// An uplink that is given neither a name nor an address has these: the address
// is that of slirp4netns(1).
const uplinkName = "uplink"

var uplinkAddr = netip.MustParsePrefix("10.0.2.100/24")

// The shortest and the longest prefix of an uplink's network that all carriers
// take.
const (
	minUplinkBits = 1
	maxUplinkBits = 25
)

// A carrier is a program that carries what a namespace sends, connection by
// connection, over sockets of its own. It needs no rights on the network that
// it leads to.
type carrier struct {
	name    string
	deb     string // the package of Debian it is in
	command func(uplink) []string
	// hint tells, from what it printed, what was in its way; empty: nobody knows.
	hint func(output string) string
}

// carriers are the programs that can be used, the one to prefer first. The tap
// that they open is there already, with its address and routes, so that the
// network is the same with each. The loopback of the machine is kept out, and
// nothing that listens in the namespace is made known outside.
var carriers = []carrier{
	{"pasta", "passt", pasta, pastaHint},
	{"slirp4netns", "slirp4netns", slirp4netns, func(string) string { return "" }},
}

func pastaHint(output string) string {
	switch {
	case strings.Contains(output, "External interface not usable"):
		return "pasta wants a default route in the network that it leads to; slirp4netns does without: uplink … carrier slirp4netns"
	case strings.Contains(output, "Permission denied"):
		return "the profile of AppArmor that comes with pasta, /etc/apparmor.d/usr.bin.passt, may keep it from /run/netns; slirp4netns has none: uplink … carrier slirp4netns"
	}
	return ""
}

// pasta(1). As root it would become nobody, who may not enter the namespace;
// what it does not need it gives up by itself.
func pasta(u uplink) []string {
	argv := []string{"pasta", "--foreground", "--quiet", "--ipv4-only"}
	if os.Geteuid() == 0 {
		argv = append(argv, "--runas", "0")
	}
	return append(argv,
		"--netns", u.path(), "--no-netns-quit", "--ns-ifname", u.Name,
		"--address", u.addr.Addr().String(), "--netmask", strconv.Itoa(u.addr.Bits()), "--gateway", u.gateway().String(),
		"--dns-forward", u.resolver().String(), "--no-map-gw",
		"--tcp-ports", "none", "--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none",
		"--no-dhcp", "--no-dhcpv6", "--no-ndp", "--no-ra")
}

// slirp4netns(1).
func slirp4netns(u uplink) []string {
	argv := []string{"slirp4netns", "--netns-type=path", "--cidr=" + u.addr.Masked().String(), "--disable-host-loopback", "--enable-sandbox"}
	if u.mtu > 0 {
		argv = append(argv, "--mtu="+strconv.Itoa(u.mtu))
	}
	if !u.resolves() {
		argv = append(argv, "--disable-dns")
	}
	return append(argv, u.path(), u.Name)
}

// An uplink is an interface that a carrier has open.
type uplink struct {
	endpoint
	addr    netip.Prefix
	mtu     int
	carrier carrier
}

func (u uplink) path() string { return "/run/netns/" + u.NS }

// gateway and resolver are addresses of the uplink's network that the carrier
// answers for.
func (u uplink) gateway() netip.Addr  { return u.addr.Masked().Addr().Next().Next() }
func (u uplink) resolver() netip.Addr { return u.gateway().Next() }

// resolves reports whether names can be resolved through the carrier.
// slirp4netns passes on whatever is sent to its name server, to any port: when
// the machine's own resolver has a loopback address, that would let everything
// else in that listens there. Nothing else listens at the address that
// systemd-resolved(8) has.
func (u uplink) resolves() bool {
	server := nameserver("/etc/resolv.conf")
	return u.carrier.name != "slirp4netns" || !server.IsLoopback() || server == netip.AddrFrom4([4]byte{127, 0, 0, 53})
}

// nameserver is the first of a resolv.conf(5) that IPv4 leads to, which is the
// one that carriers ask; the zero address without one.
func nameserver(path string) netip.Addr {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "nameserver" {
			if ip, err := netip.ParseAddr(f[1]); err == nil && ip.Is4() {
				return ip
			}
		}
	}
	return netip.Addr{}
}

// uplink makes a tap with an address, a default route and a name server, and
// starts the carrier that has it open.
func (t *thread) uplink(s *ast.Link) error {
	u := uplink{addr: uplinkAddr}
	var err error
	if u.endpoint, err = t.uplinkEnd(s.End); err != nil {
		return err
	}
	addrAt := u.at
	if len(s.Addrs) > 0 {
		if addrAt, err = t.uplinkAddr(s.Addrs, &u); err != nil {
			return err
		}
	}
	l := host.Link{NS: u.NS, Name: u.Name, Kind: "tap", Tun: &host.Tun{}, Up: true}
	w := where{host.FieldName: u.at, host.FieldNS: u.at}
	which, whichAt := "", s.Span
	for _, o := range s.Opts {
		if o.Name == "carrier" {
			which, whichAt, err = t.text(o.Args[0])
		} else {
			err = t.linkOption(o, &l, w)
		}
		if err != nil {
			return err
		}
	}
	u.mtu = l.MTU
	if u.carrier, err = t.carrier(whichAt, which); err != nil {
		return err
	}
	route := host.Route{NS: u.NS, Dest: netip.PrefixFrom(netip.IPv4Unspecified(), 0), Via: u.gateway(), Dev: u.Name}
	for _, op := range []struct {
		host.Op
		where
	}{
		{host.LinkAdd{Link: l}, w},
		{host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: u.NS, Link: u.Name, Prefix: u.addr}}, where{host.FieldAddr: addrAt}},
		{host.RouteSet{Verb: host.Add, Route: route}, where{host.FieldDest: u.at, host.FieldVia: addrAt, host.FieldDev: u.at}},
		{host.DNSSet{NS: u.NS, Servers: []netip.Addr{u.resolver()}}, where{}},
	} {
		if err := t.do(s.Span, op.Op, op.where); err != nil {
			return err
		}
	}
	return t.carry(s, u)
}

// uplinkEnd is the interface of an uplink: NS:IF, or NS alone.
func (t *thread) uplinkEnd(x ast.Expr) (endpoint, error) {
	var e endpoint
	if ns, at, ok := t.bareSpace(x); ok {
		e = endpoint{host.End{NS: ns, Name: uplinkName}, at, at}
	} else if a, err := t.one(x); err == nil && t.isBare(x) && t.space == host.Start {
		ns, err := t.existingSpace(a) // which complains
		if err != nil {
			return e, err
		}
		e = endpoint{host.End{NS: ns, Name: uplinkName}, a.at, a.at}
	} else if e, err = t.newEnd(x); err != nil {
		return e, err
	}
	if e.NS == host.Start {
		return e, t.fail(diag.NotHere, e.at, "the starting namespace needs no uplink: it is where an uplink leads to").
			help("give one to another namespace: uplink NS")
	}
	return e, nil
}

// uplinkAddr reads the address of an uplink.
func (t *thread) uplinkAddr(xs []ast.Expr, u *uplink) (token.Span, error) {
	addrs, err := t.addresses(xs)
	if err != nil || len(addrs) == 0 {
		return u.at, err
	}
	if len(addrs) > 1 {
		return u.at, t.fail(diag.WrongKind, addrs[1].at, "an uplink has one address").
			help("give it more behind it: addr add %s %s", u.End, addrs[1].prefix)
	}
	a := addrs[0]
	u.addr = a.prefix
	switch {
	case !a.prefix.Addr().Is4():
		return a.at, t.fail(diag.WrongKind, a.at, "an uplink carries IPv4 only").help("write an address such as %s", uplinkAddr)
	case a.prefix.Bits() < minUplinkBits, a.prefix.Bits() > maxUplinkBits:
		return a.at, t.fail(diag.OutOfBounds, a.at, "the network of an uplink is from /%d to /%d, and this is /%d", minUplinkBits, maxUplinkBits, a.prefix.Bits()).
			help("write an address such as %s", uplinkAddr)
	case a.prefix.Addr() == u.gateway(), a.prefix.Addr() == u.resolver():
		return a.at, t.fail(diag.DuplicateAddress, a.at, "%s is the uplink's own", a.prefix.Addr()).
			help("its gateway is %s, its name server %s; choose another address", u.gateway(), u.resolver())
	}
	return a.at, nil
}

// carrier finds the program for an uplink: the one that is asked for, or the
// first that is installed.
func (t *thread) carrier(at token.Span, which string) (carrier, error) {
	wanted := carriers
	if which != "" {
		i := slices.IndexFunc(carriers, func(c carrier) bool { return c.name == which })
		if i < 0 {
			return carrier{}, t.fail(diag.WrongKind, at, "`%s` is no carrier", name.Quote(which)).help("write %s", usage.Quoted(usage.Of("uplink").Option(usage.Whole, "carrier").Values))
		}
		wanted = carriers[i : i+1]
	}
	for _, c := range wanted {
		if _, err := exec.LookPath(c.name); err == nil || t.cfg.Foreign { // it may be where the script runs
			return c, nil
		}
	}
	if which != "" {
		return carrier{}, t.fail(diag.MachineLacks, at, "%s is not installed, which is to carry the uplink", which).
			help("to install it: apt install %s", wanted[0].deb)
	}
	return carrier{}, t.fail(diag.MachineLacks, at, "neither pasta nor slirp4netns is installed: an uplink is carried by one of them").
		help("to install pasta: apt install %s", carriers[0].deb)
}

// carrierName is what the carrier of a namespace's uplink is called.
func carrierName(ns string) string { return "uplink-" + ns }

// carry starts the carrier, and waits until it has the interface open.
func (t *thread) carry(s *ast.Link, u uplink) error {
	if t.ensure && !t.cfg.Rehearse {
		if state, err := t.now(u.NS); err != nil {
			return err
		} else if l, ok := state.Link(u.Name); ok && isOpen(l) {
			return nil
		}
	}
	if !u.resolves() {
		t.warn(diag.Warn(diag.MachineLacks, s.Span, "no names are resolved in %s: this machine's own resolver has a loopback address, which slirp4netns could not keep apart from what else listens there", u.NS).
			WithHelp("pasta can: apt install passt"))
	}
	st := start{base: carrierName(u.NS), ready: ready{at: s.Span, timeout: defaultReady, link: &u.End}}
	st.program = program{at: s.Span, ns: host.Start, argv: [][]string{u.carrier.command(u)}, argvAt: []token.Span{s.Span}, quiet: true}
	_, err := t.start(st)
	var f *Failure
	if errors.As(err, &f) && f.Diag.Code == diag.NotReady && f.Diag.Span == s.Span { // and not that of another strand
		if hint := u.carrier.hint(f.Diag.Output); hint != "" {
			f.help("%s", hint)
		}
	}
	return err
}
