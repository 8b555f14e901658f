// Package contract holds every host.Host to the same answers. Its cases run on
// the model and, with privileges, on the kernel; where they differ, the kernel
// is right.
package contract

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// answers is what the kernel said: for every case the errno or "ok", and what
// was there afterwards.
//
//go:embed testdata/answers.txt
var answers string

// updating is a file to write the answers to, as a kernel gives them.
var updating = os.Getenv("VNET_UPDATE")

// spaceNames are the namespaces of the cases.
var spaceNames = []string{"a", "b", "c"}

// Test runs the cases on hosts that open makes. The namespaces are called what
// ns makes of their names, so that they do not meet those of others.
func Test(t *testing.T, open func(*testing.T) host.Host, ns func(string) string) {
	want := parse(answers)
	var update strings.Builder
	for _, c := range cases(ops{ns}) {
		t.Run(c.name, func(t *testing.T) {
			r := &runner{t: t, h: open(t), ns: ns}
			got := r.answer(c, want[c.name])
			if renamesUp(c.op) && strings.HasPrefix(got, "EBUSY\n") && !LiveRename() {
				t.Skip("this kernel lacks it: a new name for an interface that is up, since Linux 6.2")
			}
			fmt.Fprintf(&update, "== %s\n%s", c.name, got)
			if got != want[c.name] && updating == "" {
				t.Errorf("%s\ngot\n%swant\n%s", r.plain(c.op.String()), got, want[c.name])
			}
		})
	}
	if updating != "" {
		if err := os.WriteFile(updating, []byte(update.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Undo checks that the undo of every case leads back to where it began. What a
// host is known not to take back whole is named in except.
func Undo(t *testing.T, open func(*testing.T) host.Host, ns func(string) string, except ...string) {
	want := parse(answers)
	for _, c := range cases(ops{ns}) {
		if !strings.HasPrefix(want[c.name], "ok\n") {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			if slices.Contains(except, c.name) {
				t.Skip("this host does not take it back whole")
			}
			r := &runner{t: t, h: open(t), ns: ns}
			r.undo(c)
		})
	}
}

// LiveRename says whether this kernel renames interfaces that are up.
func LiveRename() bool {
	var u unix.Utsname
	var major, minor int
	if unix.Uname(&u) != nil {
		return true
	}
	_, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor)
	return err != nil || major > 6 || major == 6 && minor >= 2
}

func renamesUp(op host.Op) bool {
	set, ok := op.(host.LinkSet)
	return ok && set.NewName != nil && !set.Down
}

// parse cuts the answers into those of each case.
func parse(text string) map[string]string {
	out := map[string]string{}
	for _, part := range strings.Split("\n"+text, "\n== ")[1:] {
		name, body, _ := strings.Cut(part, "\n")
		out[name] = strings.TrimSuffix(body, "\n") + "\n"
	}
	return out
}

// A runner carries out one case on one host.
type runner struct {
	t  *testing.T
	h  host.Host
	ns func(string) string
}

// prepare makes the network of a case.
func (r *runner) prepare(c testCase) {
	r.t.Helper()
	r.clean()
	r.t.Cleanup(r.clean)
	for _, name := range spaceNames {
		r.must(host.NamespaceAdd{Name: r.ns(name)})
	}
	r.must(c.setup...)
}

// answer tells what the host says to a case, and what is there afterwards.
func (r *runner) answer(c testCase, want string) string {
	r.prepare(c)
	res := r.h.Apply(context.Background(), []host.Op{c.op}, nil)[0]
	verdict := "ok\n"
	if res.Err != nil {
		verdict = r.errno(res.Err) + "\n"
	}
	if updating != "" {
		time.Sleep(300 * time.Millisecond) // nobody knows yet what to wait for
		return verdict + r.view()
	}
	return r.await(verdict, want)
}

func (r *runner) undo(c testCase) {
	r.prepare(c)
	before := r.view()
	undo := r.h.Apply(context.Background(), []host.Op{c.op}, nil)[0].Undo
	for i, u := range r.h.Apply(context.Background(), undo, nil) {
		if u.Err != nil {
			r.t.Errorf("undo of %s: %s: %v", c.op, undo[i], u.Err)
		}
	}
	if after := r.await("", before); after != before {
		r.t.Errorf("undo of %s by %s\nleft\n%swas\n%s", r.plain(c.op.String()), undo, after, before)
	}
}

// await looks until the network is as wanted, since the kernel finishes some
// things behind the caller's back. It gives up after ten seconds, since some
// machines are slow.
func (r *runner) await(prefix, want string) string {
	deadline := time.Now().Add(10 * time.Second)
	for {
		got := prefix + r.view()
		if got == want || time.Now().After(deadline) {
			return got
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (r *runner) clean() {
	for _, name := range spaceNames {
		res := r.h.Apply(context.Background(), []host.Op{host.NamespaceDel{Name: r.ns(name)}}, nil)[0]
		r.h.Apply(context.Background(), res.Final, nil)
	}
}

func (r *runner) must(ops ...host.Op) {
	r.t.Helper()
	for i, res := range r.h.Apply(context.Background(), ops, nil) {
		if errors.Is(res.Err, syscall.EOPNOTSUPP) {
			r.t.Skipf("this kernel lacks it: %s", ops[i])
		}
		if res.Err != nil {
			r.t.Fatalf("%s: %v", ops[i], res.Err)
		}
	}
}

func (r *runner) errno(err error) string {
	var e *host.Error
	if !errors.As(err, &e) {
		r.t.Fatalf("not a *host.Error: %v", err)
	}
	return host.ErrnoName(e.Errno)
}

func (r *runner) plain(s string) string {
	for _, name := range spaceNames {
		s = strings.ReplaceAll(s, r.ns(name), name)
	}
	return s
}

// view prints what all hosts must agree on.
func (r *runner) view() string {
	var b strings.Builder
	for _, name := range spaceNames {
		st, err := r.h.State(context.Background(), r.ns(name))
		switch {
		case errors.Is(err, syscall.ENOENT):
			fmt.Fprintf(&b, "%s: absent\n", name)
			continue
		case err != nil:
			r.t.Fatal(err)
		}
		for _, line := range lines(st) {
			fmt.Fprintf(&b, "%s: %s\n", name, r.plain(line))
		}
	}
	return b.String()
}

func lines(st *host.State) []string {
	var out []string
	for _, l := range st.Links {
		if l.Name != "lo" || !l.Up {
			out = append(out, linkLine(l))
		}
	}
	slices.Sort(out)
	out = append(out, addrLines(st)...)
	out = append(out, routeLines(st)...)
	for _, r := range st.Rules {
		if r.Priority > 0 && r.Priority < 32766 {
			out = append(out, fmt.Sprintf("rule %d %s", r.Family, r))
		}
	}
	var neighs []string
	for _, g := range st.Neighs {
		if g.Proxy || g.State == "permanent" {
			neighs = append(neighs, fmt.Sprintf("neigh %s %s dev %s proxy %v", g.IP, g.MAC, g.Dev, g.Proxy))
		}
	}
	slices.Sort(neighs)
	return append(out, neighs...)
}

func linkLine(l host.Link) string {
	state := "down"
	if l.Up {
		state = "up"
	}
	s := fmt.Sprintf("%s %s %s mtu %d", l.Kind, l.Name, state, l.MTU)
	if l.Master != "" {
		s += " master " + l.Master
	}
	if l.Parent != "" {
		s += " on " + l.Parent
	}
	if l.Peer != nil {
		s += " to " + l.Peer.String()
	}
	if l.Alias != "" {
		s += " alias " + l.Alias
	}
	if l.Promisc {
		s += " promisc"
	}
	if l.Bridge != nil && l.Bridge.STP != nil && *l.Bridge.STP {
		s += " stp"
	}
	if l.VXLAN != nil {
		s += fmt.Sprintf(" id %d port %d", l.VXLAN.ID, l.VXLAN.Port)
	}
	return s
}

// addrLines keeps the order of IPv4 addresses, of which the first is the
// primary one; that of IPv6 means nothing.
func addrLines(st *host.State) []string {
	byLink := map[string][]string{}
	for _, a := range st.Addrs {
		ip := a.Prefix.Addr()
		if ip.IsLinkLocalUnicast() || ip.IsLoopback() {
			continue
		}
		s := a.Prefix.String()
		if a.Peer.IsValid() {
			s += " peer " + a.Peer.String()
		}
		byLink[a.Link] = append(byLink[a.Link], s)
	}
	var out []string
	for link, addrs := range byLink {
		slices.SortStableFunc(addrs, func(a, b string) int {
			x, y := strings.Contains(a, ":"), strings.Contains(b, ":")
			switch {
			case x && y:
				return strings.Compare(a, b)
			case x:
				return 1
			case y:
				return -1
			}
			return 0
		})
		out = append(out, "addr "+link+" "+strings.Join(addrs, " "))
	}
	slices.Sort(out)
	return out
}

func routeLines(st *host.State) []string {
	var out []string
	for _, r := range st.Routes {
		if r.Dest.Addr().IsLinkLocalUnicast() || r.Dest.Addr().IsMulticast() || r.Type == "multicast" {
			continue
		}
		out = append(out, "route "+normal(r).String())
	}
	slices.SortStableFunc(out, strings.Compare)
	return out
}

// normal leaves out of a route what may be said or left unsaid.
func normal(r host.Route) host.Route {
	v6 := r.Dest.Addr().Is6()
	if r.Table == 254 {
		r.Table = 0
	}
	if r.Proto == 4 {
		r.Proto = 0
	}
	if v6 && r.Metric == 1024 {
		r.Metric = 0
	}
	if r.Type == "unicast" {
		r.Type = ""
	}
	if r.Type != "" {
		r.Dev = ""
	}
	gateway := r.Via.IsValid() || len(r.Nexthop) > 0 || r.Type != ""
	if v6 || gateway && r.Scope == "global" || !gateway && r.Scope == "link" {
		r.Scope = ""
	}
	return r
}
