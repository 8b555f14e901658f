package host

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"
	"time"
)

func TestOpsSurviveTheJournal(t *testing.T) {
	on, mtu, text, ageing := true, 1400, "x", 30*time.Second
	ops := Ops{
		NamespaceAdd{"a"}, NamespaceAdopt{"a", "/proc/1/ns/net"}, NamespaceDel{Name: "a", ID: 1<<63 + 1, Inode: 12, Made: true},
		LinkAdd{Link: Link{NS: "a", Name: "e", Kind: "veth", MAC: "02:00:00:00:00:01", MTU: 9000, Up: true, Index: 7},
			Peer: &Link{NS: "b", Name: "f", Kind: "veth", Master: "br0"}},
		LinkAdd{Link: Link{NS: "a", Name: "br0", Kind: "bridge", Bridge: &Bridge{STP: &on, Ageing: &ageing}}},
		LinkAdd{Link: Link{NS: "a", Name: "vx", Kind: "vxlan", Parent: "e",
			VXLAN: &VXLAN{ID: 42, Local: netip.MustParseAddr("192.0.2.1"), Port: 4789, Learning: &on}}},
		LinkDel{"a", "e", 7, "02:00:00:00:00:01", true},
		LinkSet{NS: "a", Name: "e", Down: true, MTU: &mtu, Master: new(string), Alias: &text, Up: true},
		LinkMove{"a", "e", "b", 3},
		AddrSet{Add, Addr{NS: "a", Link: "e", Prefix: netip.MustParsePrefix("fd00::1/64"), NoDAD: true}},
		RouteSet{Replace, Route{NS: "a", Dest: netip.MustParsePrefix("0.0.0.0/0"), Table: 100,
			Nexthop: []Nexthop{{Via: netip.MustParseAddr("10.0.0.1"), Weight: 2}, {Dev: "e"}}}},
		RuleSet{Add, Rule{NS: "a", Family: 6, From: netip.MustParsePrefix("fd00::/8"), Mark: 1, Mask: 0xff, Table: 100}},
		NeighSet{Add, Neigh{NS: "a", Dev: "e", IP: netip.MustParseAddr("10.0.0.2"), MAC: "02:00:00:00:00:02"}},
		SysctlSet{"a", "net.ipv4.ip_forward", "1"},
		HostsAdd{"a", netip.MustParseAddr("10.0.0.2"), []string{"web"}},
		DNSSet{"a", []netip.Addr{netip.MustParseAddr("10.0.0.53")}},
		GroupAdd{ID: "4711-x.1", Log: LogDir + "/x/web.log"},
		GroupKill{ID: "4711-x.1", Dir: "/sys/fs/cgroup/vnet/4711-x.1", Log: LogDir + "/x/web.log"},
		FileRestore{NS: "a", Name: "hosts", Content: []byte("x\n\x00"), Mode: 0o644},
		LinkExhume{Graves: []Grave{{Tomb: Tomb{"a", 1<<63 + 1, "e", "veth", 7, "02:00:00:00:00:01"}, Up: true,
			Alt: []string{"long"}, Master: 3, Port: []byte{0, 255}, Addrs: [][]byte{{2, 24}, {10}}}},
			Tables: []Table{{NS: "a", Space: 5, Nexthops: [][]byte{{1}}, Routes: [][]byte{{2}}}},
			Taken:  time.Date(2024, 1, 2, 3, 4, 5, 6, time.UTC)},
		LinkPurge{[]Tomb{{"", 9, "e", "", 7, ""}}},
		NamespaceUnpark{"a", 1<<63 + 1}, NamespacePurge{"a", 12},
	}
	seen := map[reflect.Type]bool{}
	for _, op := range ops {
		seen[reflect.TypeOf(op)] = true
	}
	for name, kind := range kinds {
		if !seen[kind] {
			t.Errorf("no example of %s", name)
		}
	}
	data, err := json.Marshal(ops)
	if err != nil {
		t.Fatal(err)
	}
	var back Ops
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	for i := range ops {
		if !reflect.DeepEqual(ops[i], back[i]) {
			t.Errorf("%T came back as\n%+v, not\n%+v", ops[i], back[i], ops[i])
		}
	}
}

func TestUnknownOpIsRefused(t *testing.T) {
	var ops Ops
	if err := json.Unmarshal([]byte(`[{"Kind":"Format","Op":{}}]`), &ops); err == nil {
		t.Error("an unknown operation was taken")
	}
}
