package image

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Ours is what a transaction itself made of what it touched, as far as its
// operations tell. What is there beside that, and beside the pre-image, is
// somebody else's.
type Ours struct {
	// Links of which the kernel took or changed more than was asked for: nothing
	// can be told from what is missing there. Of Whole ones, nothing at all.
	Lossy, Whole map[string]bool
	Everywhere   bool // all links are Lossy
	// Links whose parameters may have begun anew with their defaults.
	Reset map[string]bool
	// Values that were written: "v0 mtu", "ipv4/ip_forward".
	Values map[string][]string
	// Objects that were written: see AddrID and the like.
	Objects map[string]bool
}

// NewOurs returns that nothing was made.
func NewOurs() Ours {
	return Ours{Lossy: map[string]bool{}, Whole: map[string]bool{}, Reset: map[string]bool{}, Values: map[string][]string{}, Objects: map[string]bool{}}
}

// Wrote notes a value.
func (o *Ours) Wrote(thing, value string) { o.Values[thing] = append(o.Values[thing], value) }

func (o *Ours) wrote(thing, value string) bool { return slices.Contains(o.Values[thing], value) }

// AddrID names an address of a link.
func AddrID(link string, p netip.Prefix) string { return fmt.Sprintf("addr %s %s", link, p) }

// NeighID names a neighbour, or a proxy.
func NeighID(link string, ip netip.Addr) string { return fmt.Sprintf("neigh %s %s", link, ip) }

// RouteID names the routes of a table with one destination and metric.
func RouteID(table uint32, dest netip.Prefix, metric uint32) string {
	if dest.Addr().Is6() && metric == 0 {
		metric = 1024 // route.c: ip6_route_info_create
	}
	return fmt.Sprintf("route %d %s %d", table, dest.Masked(), metric)
}

// WayID names one of those, by its gateways.
func WayID(route string, gateways []netip.Addr) string {
	words := make([]string, len(gateways))
	for i, g := range gateways {
		if g.IsValid() {
			words[i] = g.String()
		}
	}
	slices.Sort(words)
	return route + " by " + strings.Join(words, " ")
}

// RuleID names a rule.
func RuleID(priority uint32, from, to netip.Prefix, table uint32) string {
	word := func(p netip.Prefix) string {
		if p.IsValid() && p.Bits() > 0 {
			return p.Masked().String()
		}
		return "all"
	}
	return fmt.Sprintf("rule %d %s %s %d", priority, word(from), word(to), table)
}

// LinkID names a setting of a link: mac, mtu, master, txqlen, alias, group, up.
func LinkID(link, setting string) string { return "link " + link + " " + setting }
