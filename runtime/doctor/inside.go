package doctor

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime"
	"vnet/runtime/host"
	"vnet/runtime/kernel"
)

// modprobe is what may help where the kernel lacks a kind of interface.
func modprobe(module string) string {
	return "where the machine has it as a module: sudo modprobe " + module
}

// cable is two namespaces that can talk to each other, at once.
const cable = `ns a b
veth a:eth0 10.0.0.1/24 <-> b:eth0 10.0.0.2/24
`

// trials are what scripts do, the interfaces by their statement.
var trials = []trial{
	{group: network, name: "namespaces", script: "ns a", needed: true},
	{group: network, name: "programs", script: "ns a\nexec in a true", needed: true},
	{group: network, name: "background", script: "ns a\nspawn in a sleep 60"},
	{group: network, name: "ping", script: cable + "expect ping a -> 10.0.0.2"},
	{group: network, name: "IPv6", script: "ns a b\nin a b sysctl net.ipv6.conf.default.accept_dad = 0\nveth a:eth0 fd00::1/64 <-> b:eth0 fd00::2/64\nexpect ping a -> fd00::2", help: "see sysctl net.ipv6.conf.all.disable_ipv6, or the kernel's command line for ipv6.disable"},
	{group: network, name: "forwarding", script: "ns a\nin a forward on"},
	{group: network, name: "policy routing", script: "ns a\nin a {\nrule add from 10.0.0.0/8 table 100\nroute add blackhole 10.9.0.0/16 table 100\n}"},
	{group: network, name: "names", script: "ns a\nin a {\nhosts 10.0.0.1 other\ndns 10.0.0.1\n}"},

	{group: interfaces, name: "veth", script: cable, needed: true, help: modprobe("veth")},
	{group: interfaces, name: "bridge", script: "ns a\nbridge a:br0", help: modprobe("bridge")},
	{group: interfaces, name: "dummy", script: "ns a\ndummy a:d0", help: modprobe("dummy")},
	{group: interfaces, name: "ifb", script: "ns a\nifb a:i0", help: modprobe("ifb")},
	{group: interfaces, name: "macvlan", script: cable + "macvlan a:m0 on eth0", help: modprobe("macvlan")},
	{group: interfaces, name: "tap", script: "ns a\ntap a:t0", help: kernel.TunHelp},
	{group: interfaces, name: "tun", script: "ns a\ntun a:t0", help: kernel.TunHelp},
	{group: interfaces, name: "uplink", script: "ns a b\nveth host:d0 192.0.2.1/24 <-> b:eth0 192.0.2.2/24\nroute add default via 192.0.2.2\nuplink a", help: "pasta comes with passt (apt install passt), or else slirp4netns; " + kernel.TunHelp},
	{group: interfaces, name: "vxlan", script: cable + "vxlan a:v0 id 1 remote 10.0.0.2 dev eth0", help: modprobe("vxlan")},

	{group: programs, name: "ip", script: "ns a\nexec in a ip link", help: "it comes with iproute2"},
	{group: programs, name: "nft", script: "ns a\nexec in a nft 'add table ip t; add chain ip t c { type nat hook postrouting priority 100; }; add rule ip t c masquerade'",
		help: "it comes with nftables, and wants nf_tables and nft_masq in the kernel"},
	{group: programs, name: "ping", script: "ns a\nexec in a ping -c 1 -W 5 127.0.0.1", help: "it comes with iputils-ping; expect ping does without"},
	{group: programs, name: "tc", script: cable + "exec in a tc qdisc add dev eth0 root netem delay 1ms", help: "it comes with iproute2, and wants sch_netem in the kernel"},
}

// inside tries everything in the machine that this process is in.
func inside(ctx context.Context) []Finding {
	var out []Finding
	for i, t := range trials {
		out = append(out, t.run(ctx, runtime.Run))
		if next := i + 1; t.group == network && trials[next].group != network {
			out = append(out, capture(ctx))
		}
	}
	return out
}

// capture listens to lo, sends a packet, and waits for it.
func capture(ctx context.Context) Finding {
	err := hear(ctx)
	if err == nil {
		return found(network, "capture", "", nil)
	}
	var list diag.List
	if errors.As(err, &list) && len(list) > 0 {
		return found(network, "capture", "", list[0])
	}
	return found(network, "capture", "", diag.New(diag.KernelLacks, token.Span{}, "packets cannot be seen: %s", err))
}

func hear(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 5*time.Second, errors.New("none came"))
	defer cancel()
	l, list := runtime.Listen(ctx, []host.End{{NS: host.Start, Name: "lo"}})
	if list.Failed() {
		return list
	}
	defer l.Close()
	k, err := kernel.New()
	if err != nil {
		return err
	}
	defer k.Close()
	if _, err := k.Ping(ctx, host.Echo{NS: host.Start, To: netip.MustParseAddr("127.0.0.1"), Count: 1, Size: 56, Timeout: time.Second}); err != nil {
		return err
	}
	heard := errors.New("heard")
	err = l.Read(ctx, func(int, host.Frame) error { return heard })
	switch {
	case errors.Is(err, heard):
		return nil
	case err == nil:
		return context.Cause(ctx)
	}
	return err
}
