package rollback

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"vnet/examples/vnettest"
)

// A scribe writes scripts that the model has nothing against. What it makes has
// a number that nothing else has.
type scribe struct {
	*rapid.T
	twin
	templates []string
	n         int // of the last thing made
}

// templates are statements at what was there before, and at what the script
// makes; # is a number.
var templates = []string{
	"addr add x0 10.30.#.1/24", "addr add old:lo 10.31.#.1/32 fd31:#::1/128", "addr del w0 10.2.0.9/24", "addr del x0 fd03::9/64",
	"addr replace w0 10.2.0.1/24", "addr replace old:w1 10.2.0.3/24",
	"link set x0 down\nlink set x0 up", "link set old:w1 down", "link set t0 down", "link set w0 mtu 14#", "link set t1 mtu 12#",
	"link set x0 mac 02:00:00:00:0d:8#", "link set t0 name n#", "link set old:v1 name n#", "link set w0 alias \"a#\"", "link set t0 promisc on",
	"link set t1 master br1", "link set v0 nomaster", "link set q0 master br0",
	"link set w0 netns third", "link set old:w1 netns third",
	"link del t0", "link del br1", "link del v0", "link del held", "ns del third", "ns del old",
	"route add 10.32.#.0/24 via 10.3.0.2", "route add fd32:#::/64 via fd03::2", "route replace 10.50.0.0/16 via 10.2.0.2",
	"route append 10.50.0.0/16 via 10.3.0.9#", "route del 10.52.0.0/16", "route del 10.53.0.0/16", "route change 10.51.0.0/16 via 10.3.0.8 metric 7",
	"in old route del default", "in old route add 10.33.#.0/24 via 10.2.0.1 table #",
	"rule add from 10.34.#.0/24 table 70 priority 7#", "rule del from 10.3.0.0/24 table 70 priority 700", "in old rule add from 10.34.#.0/24 table 9",
	"neigh add 10.3.0.2# lladdr 02:00:00:00:01:8# dev x0", "neigh del 10.2.0.2 dev w0", "neigh replace 10.3.0.2 lladdr 02:00:00:00:02:8# dev x0",
	"sysctl net.ipv4.ip_forward = 1", "sysctl net.ipv4.conf.x0.rp_filter = 0", "sysctl net.ipv6.conf.t0.disable_ipv6 = 1",
	"in old forward on", "in old sysctl net.ipv6.conf.all.disable_ipv6 = 1", "in third hosts 10.3.0.1 h#", "in old dns 10.2.0.1#",
	"bridge b# 10.35.#.1/24", "ensure bridge br0 ageing 2#s", "ns m#\nveth m#:eth0 10.36.#.1/24 <-> host:m#p 10.36.#.2/24",
	"ns m#\nveth m#:eth0 <-> br0 as m#p\nin m# addr add eth0 10.37.#.1/24", "tap old:p# 10.38.#.1/24", "tun third:u#", "ifb old:i#",
	"macvlan old:c# on w1", "in third vxlan x# id # remote 10.3.0.1 dev x1 port 47#",
	"ns m# { tap t0 10.39.#.1/24 }\nns del m#", "exec true", "exec in old true", "spawn quiet in old sleep 60",
	"uplink third:k# 10.40.#.9/24 carrier slirp4netns", "ns m# { uplink m#:k carrier slirp4netns }",
}

// program writes a program of some statements.
func (s *scribe) program() string {
	return s.statements("", rapid.IntRange(1, 8).Draw(s.T, "length"), 2)
}

// statements writes up to n statements that can follow on others.
func (s *scribe) statements(before string, n, depth int) string {
	text := ""
	for range n {
		for range 4 { // what cannot be done here is thrown away
			if next := s.statement(before+text, depth); s.valid(before + text + next) {
				text += next
				break
			}
		}
	}
	return text
}

// statement writes one statement, or a block of some.
func (s *scribe) statement(before string, depth int) string {
	s.n++
	if depth == 0 || rapid.IntRange(0, 4).Draw(s.T, "block") > 0 {
		text := rapid.SampledFrom(s.templates).Draw(s.T, "statement")
		return strings.ReplaceAll(text, "#", fmt.Sprint(s.n%80+10)) + "\n"
	}
	body := s.statements(before, rapid.IntRange(1, 3).Draw(s.T, "length"), depth-1)
	switch rapid.IntRange(0, 4).Draw(s.T, "kind") {
	case 0:
		return "try {\n" + body + "}\n"
	case 1:
		return "try {\n" + body + "fail \"inside\"\n} catch e {\nexec true\n}\n"
	case 2:
		return "transaction \"t\" {\n" + body + "}\n"
	case 3:
		return fmt.Sprintf("for i in 1..3 { addr add third:lo 10.29.%d.$i/32 }\n", s.n%256) + body
	}
	return "if exists(old) {\n" + body + "}\n"
}

// Whatever a script does, if it fails somewhere all is as before. A failure is
// shrunk to a short script. VNET_TEST_PROGRAMS says how many are tried, others
// each time unless -rapid.seed says which; by default it is a few, always the
// same.
func TestRollbackOfRandomPrograms(t *testing.T) {
	t.Parallel()
	workers := 2
	n := times(t, "VNET_TEST_PROGRAMS", 0)
	switch {
	case n == 0:
		n = 60
		_ = flag.Set("rapid.seed", "1")
	case n > 100:
		workers = 4
	}
	if err := flag.Set("rapid.checks", fmt.Sprint(max(1, n/workers))); err != nil {
		t.Fatal(err)
	}
	_ = flag.Set("rapid.shrinktime", "20s")
	_ = flag.Set("rapid.nofailfile", "true")
	w := newTwin(t)
	for i := range workers {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			// With one seed they all draw the same; it means something else to each.
			first := i * len(templates) / workers
			mine := slices.Concat(templates[first:], templates[:first])
			ran, all := 0, 0
			rapid.Check(t, func(rt *rapid.T) {
				text := (&scribe{T: rt, twin: w, templates: mine}).program()
				at := rapid.IntRange(0, 12).Draw(rt, "fault") // 0: at the end
				cmd := l.vnet(t, text+"fail \"the end\"\n")
				if at > 0 {
					vnettest.Fault(cmd, fmt.Sprintf("apply %d ENOBUFS", at))
				}
				o := l.TryCmd(cmd)
				if all++; o.Status != 3 {
					ran++
				} else {
					t.Logf("the model takes it, and vnet does not:\n%s%s", text, o.Err)
				}
				residue := l.residue(t)
				if o.Status != 1 && o.Status != 3 {
					residue = append(residue, fmt.Sprintf("exit status %d", o.Status))
				}
				if len(residue) > 0 {
					l = newLab(t)
					rt.Fatalf("a fault at %d of\n%s\nleaves\n%s\n%s", at, text, strings.Join(residue, "\n"), o.Err)
				}
			})
			if ran*4 < all*3 {
				t.Errorf("only %d of %d scripts are valid", ran, all)
			}
			t.Logf("%d of %d scripts ran", ran, all)
		})
	}
}
