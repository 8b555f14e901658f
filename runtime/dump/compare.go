package dump

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
	"vnet/runtime/kernel/image"
)

// A Round says which differences between what is there and what the script
// makes are put right: forwarding, since other parameters follow it; parameters
// of whole namespaces, for they decide what those of interfaces are to begin
// with; then those of interfaces; and what is left is told.
type Round int

// The rounds, in order.
const (
	Forwarding Round = iota
	Spaces
	Interfaces
	Rest
)

// Parts are what images are to hold that are compared.
const Parts = image.Sysctls | image.NFT | image.XFRM

// A Pair is a namespace as it is, and as the script makes it.
type Pair struct {
	NS        string
	Real, Got *image.Image
}

// Differences are the things of a namespace that are not what the script makes
// them.
func (s *Script) Differences(p Pair) []Difference {
	got := map[string][]string{}
	for _, e := range p.Got.Fingerprint(image.Portable) {
		got[e.Thing] = e.Lines
	}
	var out []Difference
	see := func(thing string, links, is, makes []string) {
		d := Difference{thing: thing, is: steady(thing, is), makes: steady(thing, makes)}
		if slices.Equal(d.is, d.makes) || s.passing(p.NS, d) || p.NS == host.Start && !s.about(links) {
			return
		}
		for _, l := range links {
			if e := (host.End{NS: p.NS, Name: l}); l != "lo" && !s.there(e) {
				d.missing = l
			}
		}
		out = append(out, d)
	}
	for _, e := range p.Real.Fingerprint(image.Portable) {
		see(e.Thing, e.Links(), e.Lines, got[e.Thing])
		delete(got, e.Thing)
	}
	for _, e := range p.Got.Fingerprint(image.Portable) {
		if _, left := got[e.Thing]; left {
			see(e.Thing, e.Links(), nil, e.Lines)
		}
	}
	return out
}

// A Difference is a thing that is not what the script makes.
type Difference struct {
	thing     string
	is, makes []string
	missing   string // an interface it is about that the script does not make
}

// about reports whether the script makes one of these interfaces of the
// starting namespace.
func (s *Script) about(links []string) bool {
	return slices.ContainsFunc(links, func(l string) bool { return s.Makes(host.End{NS: host.Start, Name: l}) })
}

// steady leaves out of a link's flags what follows from its carrier.
func steady(thing string, lines []string) []string {
	if !strings.HasPrefix(thing, "link ") || !strings.HasSuffix(thing, " flags") || len(lines) != 1 {
		return lines
	}
	n, err := strconv.ParseUint(lines[0], 0, 32)
	if err != nil {
		return lines
	}
	const carrier = unix.IFF_RUNNING | unix.IFF_LOWER_UP | unix.IFF_DORMANT | unix.IFF_ECHO
	return []string{fmt.Sprintf("%#x", n&^carrier)}
}

// passing reports whether a thing comes and goes by itself, or is about the
// names of namespaces, which a scratch has not.
func (s *Script) passing(ns string, d Difference) bool {
	thing := d.thing
	words := strings.Fields(thing)
	if len(words) < 3 || words[0] != "link" {
		// A link that was never up has no queue, one that was has one that does nothing.
		none := func(lines []string) bool { return len(lines) == 0 || strings.HasPrefix(lines[0], "noqueue ") }
		return words[0] == "qdisc" && none(d.is) && none(d.makes)
	}
	switch what := strings.Join(words[2:], " "); what {
	case "operstate", "carrier", "promiscuity", "allmulti", "port state", "qdisc", "bridge port state":
		return true
	case "parent":
		return s.made[host.End{NS: ns, Name: words[1]}] == "veth"
	}
	return false
}

// Settle puts right what a round is about, or tells what is left.
func (s *Script) Settle(p Pair, round Round) {
	lost := map[string][]string{}
	for _, d := range s.Differences(p) {
		path, isSysctl := strings.CutPrefix(d.thing, "sysctl ")
		switch {
		case round == Rest && d.missing != "":
			lost[d.missing] = append(lost[d.missing], s.fact(d)...)
		case round == Rest:
			s.Remark(d.String() + " in " + p.NS)
		case d.missing != "" || len(d.is) != 1:
		case isSysctl && round == Forwarding && p.NS != host.Start:
			s.forward(p, path, d.is[0])
		case isSysctl && round == Spaces && p.NS != host.Start && device(path) == "":
			s.Set(p.NS, key(path), d.is[0], true)
		case isSysctl && round == Interfaces && device(path) != "" && !s.follows(p.NS, path, d.is[0]):
			s.Set(p.NS, key(path), d.is[0], false)
		case round == Interfaces:
			s.adjust(p.NS, d)
		}
	}
	for _, st := range s.states {
		for _, l := range st.Links {
			facts, ok := lost[l.Name]
			if ok && st.NS == p.NS && (len(facts) > 0 || name.Link(l.Name) == nil) {
				s.Remark(strings.Trim(l.Kind+" "+l.Name+" in "+st.NS+": "+strings.Join(facts, ", "), ": "))
			}
		}
	}
}

// follows reports whether a parameter is what the kernel makes it when the MTU
// is set.
func (s *Script) follows(ns, path, value string) bool {
	l, _ := s.link(host.End{NS: ns, Name: device(path)})
	return path == "ipv6/conf/"+l.Name+"/mtu" && value == strconv.Itoa(l.MTU)
}

// forward sets what makes a namespace route. The parameters of IPv4 and of the
// interfaces follow.
func (s *Script) forward(p Pair, path, value string) {
	four, six := p.Real.Sysctl["ipv4/ip_forward"], p.Real.Sysctl["ipv6/conf/all/forwarding"]
	switch {
	case path == "ipv4/ip_forward" && four == "1" && six == "1":
		s.Forward(p.NS)
	case path == "ipv4/ip_forward", path == "ipv6/conf/all/forwarding" && four != "1":
		s.Set(p.NS, key(path), value, true)
	}
}

// adjust sets an MTU that the kernel would not choose.
func (s *Script) adjust(ns string, d Difference) {
	words := strings.Fields(d.thing)
	if len(words) != 3 || words[0] != "link" || words[2] != "mtu" {
		return
	}
	if mtu, err := strconv.Atoi(d.is[0]); err == nil {
		s.Adjust(host.End{NS: ns, Name: words[1]}, mtu)
	}
}

// device is the interface a parameter is of; all and default are none.
func device(path string) string {
	words := strings.Split(path, "/")
	if len(words) < 4 || words[1] != "conf" && words[1] != "neigh" || words[2] == "all" || words[2] == "default" {
		return ""
	}
	return words[2]
}

// key is the name of a parameter: with dots, or as a path where a name in it
// has one.
func key(path string) string {
	if strings.Contains(path, ".") {
		return "net/" + path
	}
	return "net." + strings.ReplaceAll(path, "/", ".")
}

// String tells a difference.
func (d Difference) String() string {
	switch {
	case len(d.is) == 0:
		return d.thing + " is not there"
	case len(d.makes) == 0:
		return d.thing + ": " + strings.Join(d.is, " | ")
	}
	return d.thing + ": " + strings.Join(d.is, " | ") + " (the script makes " + strings.Join(d.makes, " | ") + ")"
}

// fact is what there is to say of an interface that is not made, besides its
// name: what it is, its addresses and where it leads.
func (s *Script) fact(d Difference) []string {
	if len(d.is) == 0 {
		return nil
	}
	words := strings.Fields(d.thing)
	switch {
	case words[0] == "link" && (words[len(words)-1] == "parent" || words[len(words)-1] == "master" || len(words) > 3 && words[2] != "inet" && words[2] != "inet6"):
		return []string{strings.Join(words[2:], " ") + " " + strings.Join(d.is, " ")}
	case words[0] == "addr":
		var out []string
		for _, l := range d.is {
			address, _, _ := strings.Cut(l, " ")
			out = append(out, address)
		}
		return out
	case words[0] == "link" || words[0] == "sysctl" || words[0] == "route" || words[0] == "netconf" || words[0] == "neightbl" || words[0] == "qdisc":
		return nil // they come with it
	}
	return []string{d.thing + " " + strings.Join(d.is, " | ")}
}
