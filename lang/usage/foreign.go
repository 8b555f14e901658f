package usage

import (
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// foreign are the programs whose command lines people bring along, with the
// vnet statement that does most of their work.
var foreign = map[string]string{
	"arp": "neigh add IP lladdr MAC dev IF", "brctl": "bridge END",
	"ifconfig": "addr add END CIDR", "ifdown": "link set END down", "ifup": "link set END up",
	"ip": "ns NAME", "iptables": "exec in NS iptables …", "ip6tables": "exec in NS ip6tables …",
	"nsenter": "exec in NS PROGRAM ARG…", "ovs-vsctl": "bridge END", "ping": "expect ping A -> B",
	"sudo": "exec in NS PROGRAM ARG…", "tc": "exec in NS tc …", "tcpdump": "exec in NS tcpdump …",
	"unshare": "ns NAME", "vconfig": "exec in NS ip link add …",
}

// Foreign reports whether a statement's first word is another tool's, and
// gives the vnet line to write: made from what was typed where that is
// possible, else the form.
func Foreign(words []string) (line string, ok bool) {
	if len(words) == 0 {
		return "", false
	}
	form := foreign[words[0]]
	if form == "" {
		return "", false
	}
	rest := words[1:]
	switch words[0] {
	case "ip":
		line = fromIP(rest)
	case "brctl":
		line = fromBrctl(rest)
	case "ifconfig":
		line = fromIfconfig(rest)
	case "ping":
		line = fromPing(rest)
	case "sudo":
		if inner, ok := Foreign(rest); ok {
			return inner, true
		}
		if len(rest) > 0 && Of(rest[0]) != nil {
			line = strings.Join(rest, " ")
		}
	case "ifup", "ifdown":
		if len(rest) == 1 {
			line = "link set " + rest[0] + " " + words[0][2:]
		}
	case "iptables", "ip6tables", "tc", "tcpdump":
		line = "exec in NS " + strings.Join(words, " ")
	}
	if line == "" {
		line = form
	}
	return line, true
}

// Replaces reports whether there are statements for what a program of another
// tool does. What a program does is not undone.
func Replaces(words ...string) bool {
	line, ok := Foreign(words)
	return ok && words[0] != "ping" && !strings.HasPrefix(line, "exec ")
}

// fromIP translates a command line of iproute2.
func fromIP(w []string) string {
	space := ""
	for len(w) > 0 && strings.HasPrefix(w[0], "-") {
		if (w[0] == "-n" || w[0] == "-netns") && len(w) > 1 {
			space, w = w[1], w[1:]
		}
		w = w[1:]
	}
	if len(w) == 0 {
		return ""
	}
	object, verb, rest := ipObject(w[0]), "", w[1:]
	if len(rest) > 0 {
		verb, rest = rest[0], rest[1:]
	}
	line := ""
	switch object {
	case "netns":
		return fromNetns(verb, rest)
	case "link":
		line = fromLink(verb, rest)
	case "addr":
		line = fromAddr(verb, rest)
	case "route", "rule", "neigh":
		line = fromTable(object, verb, rest)
	}
	if line != "" && space != "" {
		line = "in " + space + " " + line
	}
	return line
}

// ipObject spells out the abbreviations that ip accepts.
func ipObject(word string) string {
	for _, o := range []string{"addr", "link", "route", "rule", "neigh", "netns"} {
		if strings.HasPrefix(o, word) || word == o+"s" || word == "address" && o == "addr" || word == "neighbour" && o == "neigh" {
			return o
		}
	}
	return word
}

func isShow(verb string) bool {
	return slices.Contains([]string{"", "show", "list", "ls", "l", "s", "sh"}, verb)
}

func fromNetns(verb string, w []string) string {
	switch {
	case isShow(verb):
		return "show ns"
	case slices.Contains([]string{"add", "a", "create"}, verb) && len(w) > 0:
		return "ns " + strings.Join(w, " ")
	case slices.Contains([]string{"del", "delete", "d", "remove", "rm"}, verb) && len(w) > 0:
		return "ns del " + strings.Join(w, " ")
	case (verb == "exec" || verb == "e") && len(w) > 1:
		return fromNetnsExec(w[0], w[1:])
	}
	return "ns NAME"
}

func fromNetnsExec(space string, w []string) string {
	if w[0] == "ip" {
		if line := fromIP(w[1:]); line != "" {
			return "in " + space + " " + line
		}
	}
	return "exec in " + space + " " + strings.Join(w, " ")
}

func fromLink(verb string, w []string) string {
	switch {
	case isShow(verb):
		return "show links"
	case verb == "set":
		if len(w) > 0 && w[0] == "dev" {
			w = w[1:]
		}
		w = slices.Clone(w)
		if i := slices.Index(w, "address"); i > 0 {
			w[i] = "mac"
		}
		if len(w) > 1 {
			return "link set " + strings.Join(w, " ")
		}
		return "link set END up"
	case verb == "del" || verb == "delete":
		if len(w) > 0 {
			return "link del " + w[len(w)-1]
		}
		return "link del END"
	case verb == "add":
		return fromLinkAdd(w)
	}
	return "link set END up"
}

// after returns the word that follows key, or other.
func after(w []string, key, other string) string {
	if i := slices.Index(w, key); i >= 0 && i+1 < len(w) {
		return w[i+1]
	}
	return other
}

func fromLinkAdd(w []string) string {
	kind, name := after(w, "type", ""), "END"
	if len(w) > 0 && !slices.Contains([]string{"link", "name", "dev", "type"}, w[0]) {
		name = w[0]
	}
	before := w // what stands before the kind is about the interface itself
	if at := slices.Index(w, "type"); at >= 0 {
		before = w[:at]
	}
	name = after(before, "name", after(before, "dev", name))
	switch kind {
	case "veth":
		peer := "PEER"
		if at := slices.Index(w, "peer"); at >= 0 {
			peer = after(w[at:], "name", peer)
		}
		return "veth a:" + name + " <-> b:" + peer
	case "macvlan":
		return "macvlan " + name + " on " + after(w, "link", "PARENT")
	case "vxlan":
		return "vxlan " + name + " " + strings.Join(w[slices.Index(w, "vxlan")+1:], " ")
	}
	if Of(kind) != nil {
		return kind + " " + name
	}
	return "veth a:eth0 <-> b:eth0"
}

func fromAddr(verb string, w []string) string {
	if isShow(verb) {
		return "show addrs"
	}
	switch verb {
	case "a":
		verb = "add"
	case "delete", "d":
		verb = "del"
	}
	if !slices.Contains([]string{"add", "replace", "del"}, verb) || len(w) == 0 {
		return "addr add END CIDR"
	}
	return "addr " + verb + " " + after(w, "dev", "END") + " " + w[0]
}

func fromTable(object, verb string, w []string) string {
	if isShow(verb) {
		return "show " + map[string]string{"route": "routes", "rule": "rules", "neigh": "neigh"}[object]
	}
	switch verb {
	case "a":
		verb = "add"
	case "delete", "d":
		verb = "del"
	}
	return strings.TrimSpace(object + " " + verb + " " + strings.Join(w, " "))
}

func fromBrctl(w []string) string {
	switch {
	case len(w) > 0 && w[0] == "show":
		return "show links"
	case len(w) < 2:
		return ""
	case w[0] == "addbr":
		return "bridge " + w[1]
	case w[0] == "delbr":
		return "link del " + w[1]
	case w[0] == "addif" && len(w) > 2:
		return "link set " + w[2] + " master " + w[1]
	case w[0] == "delif" && len(w) > 2:
		return "link set " + w[2] + " nomaster"
	case w[0] == "stp" && len(w) > 2:
		return "bridge " + w[1] + " stp " + w[2]
	}
	return ""
}

func fromIfconfig(w []string) string {
	switch {
	case len(w) == 0:
		return "show addrs"
	case len(w) == 1:
		return "show addrs"
	case w[1] == "up" || w[1] == "down":
		return "link set " + w[0] + " " + w[1]
	case w[1] == "mtu" && len(w) > 2:
		return "link set " + w[0] + " mtu " + w[2]
	}
	return "addr add " + w[0] + " " + withLength(w[1], after(w, "netmask", ""))
}

// withLength adds to an address the prefix length that a netmask stands for.
func withLength(ip, mask string) string {
	if strings.Contains(ip, "/") {
		return ip
	}
	m, err := netip.ParseAddr(mask)
	if err != nil || !m.Is4() {
		return ip + "/24"
	}
	n := 0
	for _, b := range m.AsSlice() {
		n += bits.OnesCount8(b)
	}
	return ip + "/" + strconv.Itoa(n)
}

func fromPing(w []string) string {
	if len(w) == 0 || strings.HasPrefix(w[len(w)-1], "-") {
		return ""
	}
	return "expect ping NS -> " + w[len(w)-1]
}
