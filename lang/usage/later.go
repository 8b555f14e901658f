package usage

import (
	"slices"
	"strings"
)

// A LaterWord is a word of the language that this version does not have yet.
type LaterWord struct {
	Word  string
	Doc   string
	Help  string // what to do meanwhile; may be empty
	Block bool   // a block of statements follows
}

// later is sorted by word; a test keeps it so.
var later = []LaterWord{
	{Word: "bond", Doc: "several links as one", Help: "a bridge joins interfaces, too: `bridge END`, then `link set END master BRIDGE`"},
	{Word: "geneve", Doc: "a tunnel", Help: "`vxlan` makes a tunnel"},
	{Word: "gre", Doc: "a tunnel", Help: "`vxlan` makes a tunnel"},
	{Word: "impair", Doc: "delay, loss and rate of a link", Help: "where the kernel can: `exec in NS tc qdisc add dev IF root netem delay 50ms`"},
	{Word: "ipip", Doc: "a tunnel", Help: "`vxlan` makes a tunnel"},
	{Word: "ipvlan", Doc: "an interface on another interface", Help: "`macvlan END on PARENT` is near to it"},
	{Word: "irreversible", Doc: "a block that may destroy for good", Block: true},
	{Word: "nat", Doc: "address translation", Help: "`exec in NS nft …` or `exec in NS iptables …` sets it up"},
	{Word: "nft", Doc: "packet filter rules", Help: "`exec in NS nft …` runs the program of that name"},
	{Word: "sit", Doc: "a tunnel", Help: "`vxlan` makes a tunnel"},
	{Word: "vlan", Doc: "a VLAN interface", Help: "where the kernel can: `exec in NS ip link add link IF name IF.10 type vlan id 10`"},
	{Word: "vrf", Doc: "a routing domain", Help: "`ns` makes a namespace, which has its own routing tables"},
	{Word: "wireguard", Doc: "an encrypted tunnel", Help: "where the kernel can: `exec in NS ip link add wg0 type wireguard`, then `exec in NS wg …`"},
}

// Later returns what is known about a word that a later version has, or nil.
func Later(word string) *LaterWord {
	i, ok := slices.BinarySearchFunc(later, word, func(l LaterWord, w string) int { return strings.Compare(l.Word, w) })
	if !ok {
		return nil
	}
	return &later[i]
}

// LaterWords returns what a later version has, sorted by word.
func LaterWords() []LaterWord { return later }

// Quoted writes words as a choice for messages: `a`, `b` or `c`.
func Quoted(words []string) string { return joined(words, " or ") }

// Listed writes words as a list for messages: `a`, `b` and `c`.
func Listed(words []string) string { return joined(words, " and ") }

func joined(words []string, last string) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i > 0 && i == len(words)-1:
			b.WriteString(last)
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString("`" + w + "`")
	}
	return b.String()
}
