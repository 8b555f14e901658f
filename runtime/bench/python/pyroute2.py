"""A network with pyroute2: pyroute2.py build|true|down NETWORK.json"""
import json
import sys

from pyroute2 import NSPopen, NetNS, netns

what, path = sys.argv[1:3]
with open(path) as f:
    net = json.load(f)


def build():
    spaces = {}
    for s in net["spaces"]:
        netns.create(s["name"])
        spaces[s["name"]] = ip = NetNS(s["name"])
        ip.link("set", index=1, state="up")
        if s["forward"]:
            netns.pushns(s["name"])
            for key in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
                with open("/proc/sys/net/" + key, "w") as f:
                    f.write("1")
            netns.popns()
    bridges = {}
    for br in net["bridges"] or []:
        ip = spaces[br["ns"]]
        ip.link("add", ifname=br["name"], kind="bridge")
        index = bridges[br["ns"], br["name"]] = ip.link_lookup(ifname=br["name"])[0]
        ip.link("set", index=index, state="up")
        addr, bits = br["addr"].split("/")
        ip.addr("add", index=index, address=addr, prefixlen=int(bits))
    for a, b in net["cables"]:
        spaces[a["ns"]].link("add", ifname=a["name"], kind="veth",
                             peer={"ifname": b["name"], "net_ns_fd": b["ns"]})
        for e in (a, b):
            ip = spaces[e["ns"]]
            index = ip.link_lookup(ifname=e["name"])[0]
            if e.get("bridge"):
                ip.link("set", index=index, master=bridges[e["ns"], e["bridge"]])
            else:
                addr, bits = e["addr"].split("/")
                ip.addr("add", index=index, address=addr, prefixlen=int(bits))
            ip.link("set", index=index, state="up")
    for s in net["spaces"]:
        for r in s["routes"] or []:
            spaces[s["name"]].route("add", dst=r["dest"], gateway=r["via"], proto=4)


def true():
    for s in net["spaces"]:
        p = NSPopen(s["name"], ["true"])
        if p.wait() != 0:
            sys.exit("true failed in " + s["name"])
        p.release()


def down():
    for s in net["spaces"]:
        netns.remove(s["name"])


{"build": build, "true": true, "down": down}[what]()
