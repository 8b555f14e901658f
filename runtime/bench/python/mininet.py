"""A network with Mininet's nodes and links: mininet.py NETWORK.json [names]

Its namespaces have no names and die with it, so that one process builds, uses
and removes the network, and prints the time after each. With "names" it gives
them names after the build, says "built", and waits for the end of its input.
"""
import json
import os
import subprocess
import sys
import time

from mininet.link import Link
from mininet.node import Node

with open(sys.argv[1]) as f:
    net = json.load(f)

nodes, links = {}, []
for s in net["spaces"]:
    nodes[s["name"]] = n = Node(s["name"])
    n.cmd("ip link set dev lo up")
    if s["forward"]:
        n.cmd("sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
for br in net["bridges"] or []:
    n = nodes[br["ns"]]
    n.cmd("ip link add name %s type bridge && ip link set dev %s up && ip addr add %s dev %s"
          % (br["name"], br["name"], br["addr"], br["name"]))
for a, b in net["cables"]:
    links.append(Link(nodes[a["ns"]], nodes[b["ns"]], intfName1=a["name"], intfName2=b["name"]))
    for e in (a, b):
        n = nodes[e["ns"]]
        if e.get("bridge"):
            n.cmd("ip link set dev %s master %s up" % (e["name"], e["bridge"]))
        else:
            # Not setIP, which gives a broadcast address as well.
            n.cmd("ip addr add %s dev %s && ip link set dev %s up" % (e["addr"], e["name"], e["name"]))
for s in net["spaces"]:
    for r in s["routes"] or []:
        nodes[s["name"]].cmd("ip route add %s via %s proto static" % (r["dest"], r["via"]))
print(time.time(), flush=True)

if sys.argv[2:] == ["names"]:
    for name, n in nodes.items():
        subprocess.check_call(["ip", "netns", "attach", name, str(n.pid)])
    print("built", flush=True)
    sys.stdin.read()
else:
    for n in nodes.values():
        n.pexec("true")
    print(time.time(), flush=True)
for link in links:
    link.delete()
for n in nodes.values():
    n.terminate()
print(time.time(), flush=True)
