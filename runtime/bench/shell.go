package main

import (
	"fmt"
	"strings"
)

// lines collects the lines of a file.
type lines struct{ strings.Builder }

func (l *lines) add(format string, args ...any) { fmt.Fprintf(l, format+"\n", args...) }

// perSpace writes a line for each namespace.
func (t task) perSpace(name, format string) (string, error) {
	var l lines
	for _, s := range t.net.Spaces {
		l.add(format, s.Name)
	}
	return t.write(name, l.String())
}

// shellWay has a shell carry out build, and lines for each namespace.
func (t task) shellWay(shell, build, each, down string) (commands, error) {
	var c commands
	for _, f := range []struct {
		name, text string
		to         *[]string
	}{{"build.sh", build, &c.build}, {"each.sh", each, &c.each}, {"down.sh", down, &c.down}} {
		path, err := t.write(f.name, f.text)
		if err != nil {
			return c, err
		}
		*f.to = []string{shell, "-e", path}
	}
	return c, nil
}

func (t task) repeat(format string) string {
	var l lines
	for _, s := range t.net.Spaces {
		l.add(format, s.Name)
	}
	return l.String()
}

const oneQueue = "numtxqueues 1 numrxqueues 1"

// batchWay is what ip(8) can do at best: it makes all namespaces and all
// cables in their places in one process, and configures each namespace in one.
func batchWay(_ *bench, t task) (commands, error) {
	var first, build lines
	in := map[string]*lines{}
	for _, s := range t.net.Spaces {
		first.add("netns add %s", s.Name)
		in[s.Name] = &lines{}
		in[s.Name].add("link set dev lo up")
	}
	for _, br := range t.net.Bridges {
		in[br.NS].add("link add name %s type bridge mcast_snooping 0", br.Name)
	}
	for _, c := range t.net.Cables {
		if c[1].Bridge != "" {
			in[c[1].NS].add("link add name %s master %s %s type veth peer name %s %s netns %s",
				c[1].Name, c[1].Bridge, oneQueue, c[0].Name, oneQueue, c[0].NS)
		} else {
			first.add("link add name %s netns %s %s type veth peer name %s netns %s %s",
				c[0].Name, c[0].NS, oneQueue, c[1].Name, c[1].NS, oneQueue)
		}
	}
	for _, c := range t.net.Cables {
		for _, e := range c {
			in[e.NS].add("link set dev %s up", e.Name)
			if e.Bridge == "" {
				in[e.NS].add("addr add %s dev %s", e.Addr, e.Name)
			}
		}
	}
	for _, br := range t.net.Bridges {
		in[br.NS].add("link set dev %s up", br.Name)
		in[br.NS].add("addr add %s dev %s", br.Addr, br.Name)
		in[br.NS].add("link set dev %s type bridge mcast_snooping 1", br.Name)
	}
	path, err := t.write("first.batch", first.String())
	if err != nil {
		return commands{}, err
	}
	build.add("ip -batch %s", path)
	for _, s := range t.net.Spaces {
		for _, r := range s.Routes {
			in[s.Name].add("route add %s via %s proto static", r.Dest, r.Via)
		}
		if path, err = t.write(s.Name+".batch", in[s.Name].String()); err != nil {
			return commands{}, err
		}
		build.add("ip -n %s -batch %s", s.Name, path)
		if s.Forward {
			build.add("ip netns exec %s sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1", s.Name)
		}
	}
	each, err := t.perSpace("each.batch", "netns exec %s true")
	if err != nil {
		return commands{}, err
	}
	down, err := t.perSpace("down.batch", "netns del %s")
	if err != nil {
		return commands{}, err
	}
	path, err = t.write("build.sh", build.String())
	return commands{
		build: []string{"sh", "-e", path},
		each:  []string{"ip", "-batch", each},
		down:  []string{"ip", "-batch", down},
	}, err
}

// lineWay is a careful script of ip -n: nothing is moved or renamed.
func lineWay(_ *bench, t task) (commands, error) {
	var b lines
	for _, s := range t.net.Spaces {
		b.add("ip netns add %s", s.Name)
		b.add("ip -n %s link set dev lo up", s.Name)
		if s.Forward {
			b.add("ip netns exec %s sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1", s.Name)
		}
	}
	for _, br := range t.net.Bridges {
		b.add("ip -n %s link add name %s type bridge", br.NS, br.Name)
		b.add("ip -n %s link set dev %s up", br.NS, br.Name)
		b.add("ip -n %s addr add %s dev %s", br.NS, br.Addr, br.Name)
	}
	for _, c := range t.net.Cables {
		b.add("ip -n %s link add name %s type veth peer name %s netns %s", c[0].NS, c[0].Name, c[1].Name, c[1].NS)
		for _, e := range c {
			if e.Bridge != "" {
				b.add("ip -n %s link set dev %s master %s", e.NS, e.Name, e.Bridge)
			} else {
				b.add("ip -n %s addr add %s dev %s", e.NS, e.Addr, e.Name)
			}
			b.add("ip -n %s link set dev %s up", e.NS, e.Name)
		}
	}
	for _, s := range t.net.Spaces {
		for _, r := range s.Routes {
			b.add("ip -n %s route add %s via %s proto static", s.Name, r.Dest, r.Via)
		}
	}
	return t.shellWay("sh", b.String(), "ip -all netns exec true\n", t.repeat("ip netns del %s"))
}

// bashWay is how tutorials do it: cables are made here, moved and renamed, and
// everything else is a program that is run in the namespace.
func bashWay(_ *bench, t task) (commands, error) {
	var b lines
	for _, s := range t.net.Spaces {
		b.add("ip netns add %s", s.Name)
		b.add("ip netns exec %s ip link set dev lo up", s.Name)
		if s.Forward {
			b.add("ip netns exec %s sysctl -qw net.ipv4.ip_forward=1", s.Name)
			b.add("ip netns exec %s sysctl -qw net.ipv6.conf.all.forwarding=1", s.Name)
		}
	}
	for _, br := range t.net.Bridges {
		b.add("ip netns exec %s ip link add name %s type bridge", br.NS, br.Name)
		b.add("ip netns exec %s ip link set dev %s up", br.NS, br.Name)
		b.add("ip netns exec %s ip addr add %s dev %s", br.NS, br.Addr, br.Name)
	}
	for i, c := range t.net.Cables {
		made := [2]string{fmt.Sprintf("va%d", i), fmt.Sprintf("vb%d", i)}
		b.add("ip link add name %s type veth peer name %s", made[0], made[1])
		for k, e := range c {
			b.add("ip link set dev %s netns %s", made[k], e.NS)
			b.add("ip netns exec %s ip link set dev %s name %s", e.NS, made[k], e.Name)
			if e.Bridge != "" {
				b.add("ip netns exec %s ip link set dev %s master %s", e.NS, e.Name, e.Bridge)
			} else {
				b.add("ip netns exec %s ip addr add %s dev %s", e.NS, e.Addr, e.Name)
			}
			b.add("ip netns exec %s ip link set dev %s up", e.NS, e.Name)
		}
	}
	for _, s := range t.net.Spaces {
		for _, r := range s.Routes {
			b.add("ip netns exec %s ip route add %s via %s proto static", s.Name, r.Dest, r.Via)
		}
	}
	return t.shellWay("bash", b.String(), t.repeat("ip netns exec %s true"), t.repeat("ip netns del %s"))
}
