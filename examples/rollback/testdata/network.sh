# A network in which there is much to lose, made by ip, tc, bridge and nft.
for k in all default; do echo 0 > /proc/sys/net/ipv6/conf/$k/accept_dad; done
ip netns add old
ip netns add third
for n in old third; do
  ip netns exec $n sh -c 'for k in all default; do echo 0 > /proc/sys/net/ipv6/conf/$k/accept_dad; done'
  ip -n $n link set lo up
done

# Bridges with attributes, ports with attributes, static entries.
ip link add br0 address 02:00:00:00:b0:00 type bridge ageing_time 12000 forward_delay 400 mcast_snooping 0
ip link add br1 address 02:00:00:00:b1:00 type bridge stp_state 0
ip link add v0 address 02:00:00:00:0a:00 type veth peer name v1 address 02:00:00:00:0a:01 netns old
ip link add q0 address 02:00:00:00:0c:00 type veth peer name q1 address 02:00:00:00:0c:01 netns third
ip link set v0 master br0 up
ip link set q0 master br1 up
ip link set br0 up
ip link set br1 up
bridge link set dev v0 cost 7 priority 5 hairpin on isolated on
bridge fdb add 02:00:00:00:00:77 dev v0 master static
ip addr add 10.1.0.1/24 dev br0
ip addr add fd01::1/64 dev br0 nodad

# Cables, addresses of both families, with secondaries, labels and lifetimes.
ip link add w0 address 02:00:00:00:0b:00 type veth peer name w1 address 02:00:00:00:0b:01 netns old
ip link add x0 address 02:00:00:00:0d:00 type veth peer name x1 address 02:00:00:00:0d:01 netns third
ip link add t0 address 02:00:00:00:0e:00 type veth peer name t1 address 02:00:00:00:0e:01
ip link set w0 up alias "to the old one"
ip link set x0 up txqueuelen 500
ip link property add dev x0 altname third-uplink
ip link set t0 up
ip link set t1 up
ip -n old link set v1 up
ip -n old link set w1 up
ip -n third link set x1 up
ip -n third link set q1 up
ip addr add 10.2.0.1/24 dev w0
ip addr add 10.2.0.9/24 dev w0
ip addr add 10.2.0.10/24 brd + label w0:ten dev w0
ip addr add 10.3.0.1/24 dev x0
ip addr add fd02::1/64 dev w0 nodad
ip addr add fd03::1/64 dev x0 nodad
ip addr add fd03::9/64 dev x0 nodad valid_lft 50000 preferred_lft 40000
ip -n old addr add 10.1.0.2/24 dev v1
ip -n old addr add 10.2.0.2/24 dev w1
ip -n old addr add 10.2.0.3/24 dev w1
ip -n old addr add 10.2.5.5/32 dev lo
ip -n old addr add fd02::2/64 dev w1 nodad
ip -n third addr add 10.3.0.2/24 dev x1

# Routes: equal keys, several ways, nexthop objects, other tables, rules.
ip route add 10.50.0.0/16 via 10.3.0.2
ip route append 10.50.0.0/16 via 10.3.0.7
ip route add 10.51.0.0/16 via 10.3.0.3 metric 7
ip route add 10.52.0.0/16 nexthop via 10.3.0.2 weight 1 nexthop via 10.2.0.2 weight 3
ip nexthop add id 5 via 10.2.0.2 dev w0
ip nexthop add id 6 via 10.3.0.2 dev x0
ip nexthop add id 7 group 5/6
ip route add 10.53.0.0/16 nhid 7
ip route add 10.54.0.0/16 via 192.0.2.7 dev x0 onlink
ip route add 10.55.0.0/16 via 10.2.0.2 src 10.2.0.9 mtu 1400
ip route add table 70 default via 10.3.0.2
ip route add blackhole 10.66.0.0/16
ip -6 route add fd50::/64 via fd03::2
ip -6 route add fd51::/64 nexthop via fd03::2 nexthop via fd02::2
ip rule add from 10.3.0.0/24 table 70 priority 700
ip rule add fwmark 7 table 70 priority 700
ip -6 rule add from fd03::/64 table 70 priority 701
ip -n old route add default via 10.2.0.1
ip -n old route add 10.60.0.0/16 via 10.2.0.1 src 10.2.0.3
ip -n old route add 10.61.0.0/16 via 10.2.0.1 dev w1 onlink
ip -n old -6 route add default via fd02::1
ip -n old rule add from 10.2.0.0/24 table 71 priority 500

# Neighbours.
ip neigh add 10.3.0.2 lladdr 02:00:00:00:00:22 dev x0
ip neigh add 10.2.0.2 lladdr 02:00:00:00:0b:01 dev w0
ip -6 neigh add fd03::2 lladdr 02:00:00:00:00:22 dev x0
ip neigh add proxy 10.3.0.99 dev x0
ip -n old neigh add 10.2.0.8 lladdr 02:00:00:00:00:34 dev w1

# Traffic control.
tc qdisc add dev x0 root handle 1: htb default 20
tc class add dev x0 parent 1: classid 1:1 htb rate 100mbit
tc class add dev x0 parent 1:1 classid 1:10 htb rate 10mbit ceil 20mbit
tc class add dev x0 parent 1:1 classid 1:20 htb rate 5mbit
tc filter add dev x0 parent 1: protocol ip prio 5 u32 match ip dst 10.3.0.77/32 flowid 1:10
tc qdisc add dev t0 handle ffff: ingress
tc filter add dev t0 parent ffff: protocol ip prio 7 u32 match u32 0 0 action mirred egress mirror dev t1
tc qdisc add dev w0 root handle 7: tbf rate 10mbit burst 10kb latency 10ms

# Parameters.
echo 1 > /proc/sys/net/ipv4/conf/x0/forwarding
echo 2 > /proc/sys/net/ipv4/conf/x0/rp_filter
echo 99 > /proc/sys/net/ipv6/conf/x0/hop_limit
echo 2000 > /proc/sys/net/ipv4/neigh/w0/retrans_time_ms
ip netns exec old sh -c 'echo 1 > /proc/sys/net/ipv4/conf/w1/rp_filter'

# Files of a namespace.
mkdir -p /etc/netns/old
echo "10.9.9.9 elsewhere" > /etc/netns/old/hosts
