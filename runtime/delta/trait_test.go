package delta

import (
	"strings"
	"testing"

	"vnet/runtime/host"
)

// Each change is told once, in words where there are some.
func TestTraits(t *testing.T) {
	fw := func(lines ...string) host.Trait { return host.Trait{NS: "a", Name: "nft inet fw", Lines: lines} }
	tc := func(name, line string) host.Trait {
		return host.Trait{NS: "a", Name: name, On: "eth0", Lines: []string{line}, Raw: true}
	}
	htb := []host.Trait{tc("class eth0 1:1 htb", "c"), tc("filter eth0 at 1: u32", "f"), tc("qdisc eth0 at 1:1 netem", "n"), tc("qdisc eth0 at root htb", "q")}
	for name, c := range map[string]struct {
		was, is []host.Trait
		want    string
	}{
		"same":        {htb, htb, ""},
		"all gone":    {htb, nil, "missing in a qdisc eth0 at root htb"},
		"all new":     {nil, htb, "foreign in a qdisc eth0 at root htb"},
		"leaf gone":   {htb, []host.Trait{htb[0], htb[1], htb[3]}, "missing in a qdisc eth0 at 1:1 netem"},
		"filter gone": {htb, []host.Trait{htb[0], htb[2], htb[3]}, "missing in a filter eth0 at 1: u32"},
		"parameters":  {htb[3:], []host.Trait{tc(htb[3].Name, "p")}, "in a qdisc eth0 at root htb"},
		"twice":       {append(htb[:2:2], htb[1]), htb[:2], "in a filter eth0 at 1: u32"},
		"rule gone":   {[]host.Trait{fw("x", "y", "z", "z")}, []host.Trait{fw("y", "z")}, "in a nft inet fw: lacks `x` and 1 more"},
		"rule new":    {[]host.Trait{fw("x")}, []host.Trait{fw("x", "y")}, "in a nft inet fw: has besides `y`"},
		"rule other":  {[]host.Trait{fw("x")}, []host.Trait{fw("y")}, "in a nft inet fw: lacks `x`, has `y`"},
		"order":       {[]host.Trait{fw("x", "y")}, []host.Trait{fw("y", "x")}, "in a nft inet fw: in another order"},
		"kind": {[]host.Trait{tc("qdisc eth0 at root htb", "q")}, []host.Trait{tc("qdisc eth0 at root tbf", "t")},
			"missing in a qdisc eth0 at root htb; foreign in a qdisc eth0 at root tbf"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, c := range Traits(c.was, c.is) {
				switch {
				case c.Missing():
					got = append(got, "missing "+c.String())
				case c.Foreign():
					got = append(got, "foreign "+c.String())
				default:
					got = append(got, c.String())
				}
			}
			if is := strings.Join(got, "; "); is != c.want {
				t.Errorf("tells\n%s\nand not\n%s", is, c.want)
			}
		})
	}
}
