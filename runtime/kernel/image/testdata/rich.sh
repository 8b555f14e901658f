ip netns add far
ip link add v0 type veth peer name p0 netns far
ip link add v1 type veth peer name p1 netns far
ip link add v2 type veth peer name p2 netns far
ip -n far link set lo up
for i in 0 1 2; do ip -n far link set p$i up; ip -n far addr add 10.0.$i.9/24 dev p$i; ip -n far addr add fd00:$i::9/64 dev p$i nodad; done
ip link add br0 type bridge ageing_time 60000
ip link set v2 master br0
ip link add mv0 link v1 type macvlan mode bridge
ip link add vx0 type vxlan id 42 dev v0 dstport 4789 local 10.0.0.1
ip tuntap add tap0 mode tap user 1000
ip link add i0 type ifb
ip link set v0 alias "the first" txqueuelen 500
ip link property add dev v0 altname first-link
for d in v0 v1 v2 br0 mv0 vx0 i0; do ip link set $d up; done
ip addr add 10.0.0.1/24 brd + dev v0
ip addr add 10.0.0.2/24 dev v0
ip addr add 10.0.0.3/24 dev v0 label v0:three
ip addr add 10.1.0.1/24 dev v0 scope link noprefixroute
ip addr add 10.0.1.1/24 dev v1 metric 50
ip addr add fd00:0::1/64 dev v0 nodad
ip addr add fd00:0::2/64 dev v0 nodad valid_lft 5000 preferred_lft 4000
ip addr add fd00:1::1/64 dev v1 nodad metric 77
ip addr add 10.0.2.1/24 dev br0
ip addr add fd00:2::1/64 dev br0 nodad
ip route add 10.5.0.0/16 via 10.0.0.9
ip route append 10.5.0.0/16 via 10.0.0.8
ip route append 10.5.0.0/16 via 10.0.1.9
ip route add 10.6.0.0/16 nexthop via 10.0.0.9 weight 2 nexthop via 10.0.1.9
ip route add 10.7.0.0/16 via 192.0.2.7 dev v0 onlink
ip route add 10.8.0.0/16 via 10.0.0.9 src 10.0.0.2 mtu 1400 table 100
ip route add blackhole 10.9.0.0/16
ip route add default via 10.0.0.9 metric 10
ip route add unreachable default metric 4000
ip nexthop add id 5 via 10.0.0.9 dev v0
ip nexthop add id 6 via 10.0.1.9 dev v1
ip nexthop add id 7 group 5/6,2
ip route add 10.10.0.0/16 nhid 5
ip route add 10.11.0.0/16 nhid 7
ip -6 route add fd05::/64 via fd00:0::9
ip -6 route add fd06::/64 nexthop via fd00:0::9 nexthop via fd00:1::9
ip -6 route add fd07::/64 dev v0 metric 7
ip -6 route append fd07::/64 dev v1 metric 7
ip -6 route add blackhole fd08::/64
ip rule add from 10.9.0.0/16 table 100 pref 300
ip rule add from 10.8.0.0/16 table 100 pref 300
ip rule add fwmark 7 table 100 pref 301
ip -6 rule add from fd09::/64 table 100 pref 300
ip neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev v0
ip neigh add 10.0.0.6 lladdr 02:00:00:00:00:06 dev v0 nud permanent
ip neigh add fd00:0::7 lladdr 02:00:00:00:00:07 dev v0 nud permanent
ip neigh add proxy 10.0.0.77 dev v0
ip -6 neigh add proxy fd00::77 dev v0
bridge link set dev v2 cost 77 priority 3 hairpin on learning off
bridge fdb add 02:00:00:00:00:aa dev v2 master static
bridge fdb add 02:00:00:00:00:bb dev vx0 dst 10.0.0.9
bridge mdb add dev br0 port v2 grp 239.1.1.1 permanent
tc qdisc add dev v0 root handle 1: htb default 20
tc class add dev v0 parent 1: classid 1:1 htb rate 100mbit
tc class add dev v0 parent 1:1 classid 1:10 htb rate 10mbit ceil 50mbit
tc class add dev v0 parent 1:1 classid 1:20 htb rate 20mbit prio 3
tc qdisc add dev v0 parent 1:10 handle 10: tbf rate 5mbit burst 20kb latency 50ms
tc filter add dev v0 parent 1: protocol ip prio 5 u32 match ip dst 10.0.0.9/32 flowid 1:10
tc filter add dev v0 parent 1: protocol ip prio 5 u32 match ip dport 80 0xffff flowid 1:20
tc qdisc add dev v1 root tbf rate 50mbit burst 50kb latency 100ms
tc qdisc add dev v1 handle ffff: ingress
tc filter add dev v1 parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev i0
tc qdisc add dev br0 clsact
tc filter add dev br0 egress protocol ip prio 3 u32 match ip dst 10.0.2.9/32 action mirred egress mirror dev i0
echo 1 > /proc/sys/net/ipv4/conf/v0/rp_filter
echo 1 > /proc/sys/net/ipv4/conf/v1/forwarding
echo 99 > /proc/sys/net/ipv6/conf/v0/hop_limit
nft -f - <<END
table inet filter {
	set s { type ipv4_addr; flags timeout; elements = { 10.0.0.5 timeout 1h } }
	counter c { }
	chain in { type filter hook input priority 0; policy accept; ip saddr @s counter accept; tcp dport 22 counter name "c" accept; }
}
table ip nat {
	chain post { type nat hook postrouting priority 100; ip saddr 10.9.0.0/16 masquerade; }
}
table netdev early {
	chain in { type filter hook ingress device "v1" priority 0; ip daddr 10.99.0.0/16 drop; }
}
END
