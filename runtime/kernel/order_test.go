package kernel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// port is a cable whose first end is a port of br0.
func port(a, b string) host.LinkAdd {
	op := veth(a, b)
	op.Link.Master = "br0"
	return op
}

// TestOrder: messages go namespace by namespace, ports come up when all else is
// done, and what needs something up does not go before it.
func TestOrder(t *testing.T) {
	sw, h1, h2 := &space{name: "sw"}, &space{name: "h1"}, &space{name: "h2"}
	names := map[*message]string{}
	make1 := func(name string, op int, sp, with *space, kind uint16, r rank) *message {
		flags := uint16(0)
		if kind != unix.RTM_SETLINK {
			flags = unix.NLM_F_CREATE | unix.NLM_F_EXCL
		}
		m := newMessage(kind, flags, unix.SizeofIfInfomsg)
		m.sp, m.with, m.op, m.rank = sp, with, op, r
		names[m] = name
		return m
	}
	pending := []*message{
		make1("bridge", 0, sw, nil, unix.RTM_NEWLINK, rankNow),
		make1("bridge-up", 0, sw, nil, unix.RTM_SETLINK, rankBridge),
		make1("veth1", 1, sw, h1, unix.RTM_NEWLINK, rankNow),
		make1("port1-up", 1, sw, nil, unix.RTM_SETLINK, rankPort),
		make1("h1-up", 1, h1, nil, unix.RTM_SETLINK, rankNow),
		make1("h1-addr", 2, h1, nil, unix.RTM_NEWADDR, rankNow),
		make1("veth2", 3, sw, h2, unix.RTM_NEWLINK, rankNow),
		make1("port2-up", 3, sw, nil, unix.RTM_SETLINK, rankPort),
		make1("h2-up", 3, h2, nil, unix.RTM_SETLINK, rankNow),
		make1("between", 4, h1, h2, unix.RTM_NEWLINK, rankNow),
		make1("h2-route", 5, h2, nil, unix.RTM_NEWROUTE, rankNow),
	}
	rename := make1("h2-name", 3, h2, nil, unix.RTM_SETLINK, rankNow)
	rename.text(host.FieldName, unix.IFLA_IFNAME, "x")
	renamed := slices.Insert(slices.Clone(pending), 9, rename)
	show := func(pending []*message, limit int) string {
		var out []string
		o := newOrder(pending, limit)
		for run := o.next(); run != nil; run = o.next() {
			var words []string
			for _, m := range run {
				o.sent[m] = true
				words = append(words, names[m])
			}
			out = append(out, strings.Join(words, " "))
		}
		return strings.Join(out, " | ")
	}
	cases := []struct {
		pending []*message
		limit   int
		want    string
	}{
		{pending, 9, "bridge veth1 veth2 | h1-up h1-addr between | h2-up h2-route | port1-up port2-up | bridge-up"},
		{renamed, 9, "bridge veth1 veth2 | h1-up h1-addr | h2-up h2-name | between | h2-route | port1-up port2-up | bridge-up"},
		{pending, 2, "bridge veth1 | h1-up | port1-up | bridge-up"},
		{append(slices.Clone(pending), make1("sw-route", 6, sw, nil, unix.RTM_NEWROUTE, rankNow)), 9,
			"bridge veth1 veth2 port1-up port2-up bridge-up sw-route | h1-up h1-addr between | h2-up h2-route"},
	}
	for _, c := range cases {
		if got := show(c.pending, c.limit); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// TestBatchOutOfOrder: though the messages of a flush go out in another order
// than they were queued in, all before a failure is done, nothing behind it is,
// and the undo of what was done leaves nothing.
func TestBatchOutOfOrder(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a", "kt-b", "kt-c")
	quiet(t, h, "kt-a", "kt-b", "kt-c")
	before := dump(t, h, "kt-a", "kt-b", "kt-c")
	good := []host.Op{
		host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "br0", Kind: "bridge", Up: true}},
		port("kt-a:p1", "kt-b:eth0"),
		addr("kt-b", "eth0", "10.0.0.1/24"),
		port("kt-a:p2", "kt-c:eth0"),
		addr("kt-c", "eth0", "10.0.0.2/24"),
		veth("kt-b:x", "kt-c:x"),
		addr("kt-a", "br0", "10.0.0.9/24"),
	}
	bad := map[string]host.Op{
		"refused by the kernel":     addr("kt-b", "eth0", "10.0.0.1/24"),
		"refused before it is sent": veth("kt-b:no/name", "kt-c:y"),
		"a name that is taken":      veth("kt-a:p3", "kt-c:eth0"),
		"no such namespace":         addr("kt-none", "eth0", "10.0.0.1/24"),
	}
	for what, op := range bad {
		for at := 3; at <= len(good); at += 2 {
			if at < 5 && what == "a name that is taken" {
				continue
			}
			t.Run(fmt.Sprint(what, " ", at), func(t *testing.T) {
				ops := slices.Insert(slices.Clone(good), at, op)
				told := map[int]int{}
				results := h.Apply(context.Background(), ops, func(list []host.Intention) error {
					for _, in := range list {
						told[in.At] = len(in.Undo)
					}
					return nil
				})
				for i, r := range results {
					if (r.Err != nil) != (i == at) || r.Skipped != (i > at) || i < at && told[i] != len(r.Undo) {
						t.Errorf("%d %s: %+v, told of %d", i, ops[i], r, told[i])
					}
				}
				standing(t, h, at)
				for _, r := range slices.Backward(results[:at]) {
					apply(t, h, r.Undo...)
				}
				if after := dump(t, h, "kt-a", "kt-b", "kt-c"); after != before {
					t.Error(differ(before, after))
				}
			})
		}
	}
}

// standing checks that the first n operations are in force and no other.
func standing(t *testing.T, h *Host, n int) {
	t.Helper()
	links := func(ns string) (up []string) {
		s, err := h.State(context.Background(), ns)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range s.Links {
			if l.Up {
				up = append(up, l.Name)
			} else {
				t.Errorf("%s in %s is down", l.Name, ns)
			}
		}
		slices.Sort(up)
		return up
	}
	want := map[string][]string{"kt-a": {"br0", "lo", "p1"}, "kt-b": {"eth0", "lo"}, "kt-c": {"lo"}}
	if n >= 4 {
		want["kt-a"], want["kt-c"] = []string{"br0", "lo", "p1", "p2"}, []string{"eth0", "lo"}
	}
	if n >= 6 {
		want["kt-b"], want["kt-c"] = []string{"eth0", "lo", "x"}, []string{"eth0", "lo", "x"}
	}
	for ns, w := range want {
		if got := links(ns); !slices.Equal(got, w) {
			t.Errorf("%s: %v, want %v", ns, got, w)
		}
	}
}

// TestOnlyJournalled: when what would take the operations back cannot be
// written down, none of them is done.
func TestOnlyJournalled(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a", "kt-b")
	full := errors.New("no space left")
	results := h.Apply(context.Background(), []host.Op{veth("kt-a:x", "kt-b:x"), veth("kt-a:y", "kt-b:y")},
		func(list []host.Intention) error {
			if slices.ContainsFunc(list, func(in host.Intention) bool { return in.At == 1 }) {
				return full
			}
			return nil
		})
	if results[0].Err == nil || !results[1].Skipped {
		t.Errorf("%+v", results)
	}
	if got := linkList(t, h, "kt-a"); got != "lo" {
		t.Error(got)
	}
}
