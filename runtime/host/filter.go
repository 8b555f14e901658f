package host

// A Chain is a chain of nf_tables (nft(8)), as the kernel tells it. A base
// chain has a hook.
type Chain struct {
	Family string // inet ip ip6 arp bridge netdev
	Table  string
	Name   string
	Type   string // filter nat route; of a base chain
	Hook   string // prerouting input forward output postrouting; "" for one that is jumped to
	Prio   int
	Policy string // accept or drop; of a base chain
	Rules  []ChainRule
}

// A ChainRule is a rule of a chain: when all matches hold, its verdict.
type ChainRule struct {
	Handle  uint64
	Match   []ChainMatch
	Verdict string // accept drop reject queue jump goto return; "" goes on
	To      string // of jump and goto
}

// A ChainMatch compares a field of a packet. A field that is not read here is
// empty: whether it holds is not known.
type ChainMatch struct {
	Field string // iifname oifname iif oif saddr daddr l4proto nfproto sport dport ctstate icmptype
	Mask  []byte // nil: all bits
	Value []byte // in the order of the net, names as they are
	Not   bool
}
