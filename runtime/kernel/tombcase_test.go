package kernel

import (
	"os/exec"
	"testing"

	"vnet/runtime/host"
)

const threeSpaces = `for n in a b c; do ip netns add @$n; ip -n @$n link set lo up
	ip netns exec @$n sh -c 'cd /proc/sys/net/ipv6/conf; echo 0 >default/accept_dad; echo 0 >default/router_solicitations'; done
`

// A cable with all that an interface can have.
const cable = threeSpaces + `
	ip -n @a link add eth0 address 02:00:00:00:00:0a type veth peer name eth1 netns @b
	ip -n @b link add br0 type bridge; ip -n @b link set br0 up
	ip -n @b link set eth1 address 02:00:00:00:00:0b master br0
	ip -n @b link set eth1 type bridge_slave hairpin on cost 77 priority 9 isolated on learning off
	ip -n @a link set eth0 up; ip -n @b link set eth1 up
	ip -n @a link property add dev eth0 altname long-name altname another
	ip -n @a link set eth0 alias "the lan"
	ip -n @b addr add 10.0.0.2/24 dev br0; ip -n @b addr add fd00::2/64 dev br0
	ip -n @a addr add 10.0.0.1/24 brd + dev eth0 label eth0:x
	ip -n @a addr add 10.0.0.11/24 dev eth0
	ip -n @a addr add 10.0.1.1/24 dev eth0 metric 77
	ip -n @a addr add 10.0.2.1/32 peer 10.0.2.2 dev eth0
	ip -n @a addr add 10.0.3.1/24 dev eth0 valid_lft 3000 preferred_lft 2000
	ip -n @a addr add 10.0.4.1/24 dev eth0 noprefixroute
	ip -n @a addr add fd00::1/64 dev eth0; ip -n @a addr add fd00::11/64 dev eth0 nodad
	ip -n @a addr add fd01::1/64 dev eth0 valid_lft 3000 preferred_lft 2000 metric 5
	ip -n @a link add other type veth peer name eth2 netns @c; ip -n @a link set other up; ip -n @c link set eth2 up
	ip -n @a addr add 10.9.0.1/24 dev other; ip -n @a addr add fd09::1/64 dev other
	ip -n @a route add default via 10.0.0.2 src 10.0.0.11
	ip -n @a route add 10.50.0.0/16 via 10.9.0.2 src 10.0.0.1
	ip -n @a route add 10.51.0.0/16 nexthop via 10.0.0.2 weight 3 nexthop via 10.9.0.2
	ip -n @a route add 10.52.0.0/16 via 192.0.2.1 dev eth0 onlink metric 7 table 100 mtu 1300
	ip -n @a route add 10.53.0.0/16 via 10.9.0.3 metric 5
	ip -n @a route append 10.53.0.0/16 via 10.0.0.3 metric 5
	ip -n @a route append 10.53.0.0/16 via 10.9.0.4 metric 5
	ip -n @a route add 10.54.0.0/16 via inet6 fd00::2 dev eth0
	ip -n @a nexthop add id 1 via 10.0.0.2 dev eth0; ip -n @a nexthop add id 2 via 10.9.0.2 dev other
	ip -n @a nexthop add id 10 group 1,3/2
	ip -n @a route add 10.55.0.0/16 nhid 1; ip -n @a route add 10.56.0.0/16 nhid 10
	ip -n @a -6 route add default via fd00::2
	ip -n @a -6 route add fd50::/64 nexthop via fd00::2 nexthop via fd09::2
	ip -n @a -6 route add fd51::/64 via fd00::3 dev eth0 metric 9 expires 900
	ip -n @a neigh add 10.0.0.77 lladdr 02:00:00:00:00:77 dev eth0 nud permanent
	ip -n @a neigh add fd00::77 lladdr 02:00:00:00:00:77 dev eth0 nud permanent
	ip -n @a neigh add proxy 10.0.0.78 dev eth0
	ip -n @a rule add iif eth0 table 100
	ip netns exec @a sh -c 'echo 1 >/proc/sys/net/ipv4/conf/eth0/rp_filter; echo 70 >/proc/sys/net/ipv6/conf/eth0/hop_limit'
	tc -n @a qdisc add dev eth0 root tbf rate 10mbit burst 10k latency 10ms
	bridge -n @b fdb add 02:00:00:00:00:aa dev eth1 master static
	bridge -n @b fdb add 02:00:00:00:00:ab dev eth1 master permanent
`

const stack = threeSpaces + `
	ip -n @a link add eth0 type veth peer name eth1 netns @b
	ip -n @a link set eth0 up; ip -n @b link set eth1 up
	ip -n @a addr add 10.0.0.1/24 dev eth0
	ip -n @a link add mv0 link eth0 type macvlan mode bridge; ip -n @a link set mv0 up
	ip -n @a addr add 10.1.0.1/24 dev mv0; ip -n @a addr add fd01::1/64 dev mv0
	ip -n @a link add far link eth0 type macvlan mode bridge; ip -n @a link set far netns @c
	ip -n @c link set far up; ip -n @c addr add 10.1.0.2/24 dev far; ip -n @c route add default via 10.1.0.1
	ip -n @b link add mv1 link eth1 type macvlan mode bridge; ip -n @b link set mv1 up
	ip -n @a link add vx0 type vxlan id 42 local 10.0.0.1 dev eth0 dstport 4789; ip -n @a link set vx0 up
	ip -n @a addr add 10.2.0.1/24 dev vx0
	bridge -n @a fdb append 00:00:00:00:00:00 dev vx0 dst 10.0.0.2
	bridge -n @a fdb add 02:00:00:00:00:aa dev vx0 dst 10.0.0.3
`

const switched = threeSpaces + `
	ip -n @a link add br0 type bridge; ip -n @a link set br0 up
	ip -n @a addr add 10.0.0.1/24 dev br0; ip -n @a addr add fd00::1/64 dev br0
	for i in 1 2 3; do
		ip -n @a link add p$i type veth peer name eth$i netns @b
		ip -n @a link set p$i up master br0; ip -n @b link set eth$i up
	done
	ip -n @a link set p2 type bridge_slave cost 55 hairpin on mcast_fast_leave on
	bridge -n @a fdb add 02:00:00:00:00:aa dev p2 master static
	bridge -n @a mdb add dev br0 port p3 grp 239.1.1.1 permanent
	ip -n @a route add default via 10.0.0.9
	ip -n @a neigh add 10.0.0.77 lladdr 02:00:00:00:00:77 dev br0 nud permanent
`

const tagged = threeSpaces + `
	ip -n @a link add br0 type bridge vlan_filtering 1; ip -n @a link set br0 up
	for i in 1 2; do
		ip -n @a link add p$i type veth peer name eth$i netns @b
		ip -n @a link set p$i up master br0; ip -n @b link set eth$i up
	done
	bridge -n @a vlan add dev p1 vid 10 pvid untagged; bridge -n @a vlan add dev p1 vid 20
	bridge -n @a vlan del dev p2 vid 1; bridge -n @a vlan add dev p2 vid 20; bridge -n @a vlan add dev br0 vid 30 self
	bridge -n @a fdb add 02:00:00:00:00:aa dev p1 master static vlan 20
`

func Test19TaggedExact(t *testing.T) {
	tags(t)
	exact(t, false, tagged, del("@a", "br0"))
}
func Test19TaggedPortExact(t *testing.T) {
	tags(t)
	exact(t, false, tagged, del("@a", "p1"))
}

// tags skips a test where bridges know no VLANs.
func tags(t *testing.T) {
	t.Helper()
	l := newLab(t, "ip netns add @tags")
	defer l.script("ip netns del @tags")
	if out, err := exec.Command("ip", "-n", l.prefix+"tags", "link", "add", "br0", "type", "bridge", "vlan_filtering", "1").CombinedOutput(); err != nil {
		t.Skipf("needs a kernel that filters VLANs on bridges: %s", out)
	}
}

func Test17VethExact(t *testing.T)     { exact(t, true, cable, del("@a", "eth0")) }
func Test17FarEndExact(t *testing.T)   { exact(t, false, cable, del("@b", "eth1")) }
func Test18StackExact(t *testing.T)    { exact(t, false, stack, del("@a", "eth0")) }
func Test18FarStackExact(t *testing.T) { exact(t, false, stack, del("@b", "eth1")) }
func Test18MacvlanExact(t *testing.T)  { exact(t, false, stack, del("@c", "far")) }
func Test18VXLANExact(t *testing.T)    { exact(t, false, stack, del("@a", "vx0")) }
func Test19BridgeExact(t *testing.T)   { exact(t, true, switched, del("@a", "br0")) }
func Test19PortExact(t *testing.T)     { exact(t, false, switched, del("@a", "p2")) }
func Test15SpaceExact(t *testing.T)    { exact(t, true, cable, host.NamespaceDel{Name: "@a"}) }
func Test15PortsExact(t *testing.T)    { exact(t, false, switched, host.NamespaceDel{Name: "@b"}) }
func Test15StackExact(t *testing.T)    { exact(t, false, stack, host.NamespaceDel{Name: "@a"}) }

func Test17VethFinal(t *testing.T) { final(t, cable, del("@a", "eth0"), "@a:eth0", "@b:eth1") }
func Test18StackFinal(t *testing.T) {
	final(t, stack, del("@a", "eth0"), "@a:mv0", "@a:vx0", "@c:far", "@b:mv1", "@b:eth1")
}
func Test19BridgeFinal(t *testing.T) { final(t, switched, del("@a", "br0"), "@a:br0") }
func Test15SpaceFinal(t *testing.T) {
	final(t, cable, host.NamespaceDel{Name: "@a"}, "@a", "@b:eth1", "@c:eth2")
}
