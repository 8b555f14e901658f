package value

import (
	"iter"
	"math"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"vnet/lang/diag"
	"vnet/lang/literal"
	"vnet/lang/name"
)

// A List is a list of values; it is not changed once it is made.
type List []Value

// A Map has text keys, in the order in which they came. It is not changed
// once a script has it.
type Map struct {
	keys []string
	m    map[string]Value
}

// A Range is FROM..TO; it is written out only where its elements are wanted.
type Range struct {
	seq literal.Sequence
	src string
}

// A Pool is the sequence of all subnets of one size in a net. Beside that it
// has a place from which Next takes; looking at it does not move the place.
type Pool struct {
	Net  netip.Prefix // without host bits
	Bits int          // the prefix length of the subnets

	mu   sync.Mutex
	next int64
}

func (List) Kind() Kind  { return KindList }
func (*Map) Kind() Kind  { return KindMap }
func (Range) Kind() Kind { return KindRange }
func (*Pool) Kind() Kind { return KindPool }

func (l List) String() string {
	return written(l, MaxText)
}

func (m *Map) String() string {
	return written(m, MaxText)
}

func (r Range) String() string { return r.src }

func (p *Pool) String() string {
	return "subnets(" + p.Net.String() + ", " + strconv.Itoa(p.Bits) + ")"
}

// Source gives v as it would be written in a list: texts that would be read as
// something else are quoted, and nothing in it can upset a terminal.
func Source(v Value) string {
	t, ok := v.(Text)
	switch v.(type) {
	case List, *Map:
		return v.String() // made of what is safe to print
	}
	if !ok {
		return name.Quote(v.String())
	}
	if !t.Quoted && t.S != "" && !strings.ContainsAny(t.S, " \t\r\n(){}[];,\"'=<>|&!$") || !t.Quoted && t.S == "" {
		return name.Quote(t.S)
	}
	if t.S != "" && !strings.ContainsAny(t.S, " \t\r\n(){}[];,\"'=<>|&!$#") && literal.Classify(t.S) == literal.Text {
		return name.Quote(t.S)
	}
	return "\"" + name.Quote(strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "\n", `\n`, "\t", `\t`).Replace(t.S)) + "\""
}

// NewMap returns an empty map.
func NewMap() *Map { return &Map{m: map[string]Value{}} }

// Set gives key a value; a new key comes last.
func (m *Map) Set(key string, v Value) {
	if _, ok := m.m[key]; !ok {
		m.keys = append(m.keys, key)
	}
	m.m[key] = v
}

// Get returns the value of key.
func (m *Map) Get(key string) (Value, bool) {
	v, ok := m.m[key]
	return v, ok
}

// Len is the number of keys.
func (m *Map) Len() int { return len(m.keys) }

// Keys are the keys in their order.
func (m *Map) Keys() []string { return m.keys }

// All goes through keys and values in their order.
func (m *Map) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for _, k := range m.keys {
			if !yield(k, m.m[k]) {
				return
			}
		}
	}
}

// NewRange is the range of the numbers from a to b.
func NewRange(a, b int64) Range {
	src := strconv.FormatInt(a, 10) + ".." + strconv.FormatInt(b, 10)
	seq, _ := literal.ParseRange(src)
	return Range{seq, src}
}

// Len is the number of elements, without writing them out.
func (r Range) Len() int64 { return r.seq.Len() }

// At is the i-th element, from 0; i must be less than Len.
func (r Range) At(i int64) Value { return Parse(r.seq.At(i)) }

// NewPool returns the subnets of net with that prefix length.
func NewPool(net netip.Prefix, bits int) (*Pool, error) {
	if bits < net.Bits() || bits > net.Addr().BitLen() {
		return nil, Errorf(diag.OutOfBounds, "`%s` has no subnets of length %d", net, bits).
			WithHelp("the length is from %d to %d here", net.Bits(), net.Addr().BitLen())
	}
	return &Pool{Net: net.Masked(), Bits: bits}, nil
}

// Len is the number of subnets; MaxInt64 stands for as many or more.
func (p *Pool) Len() int64 {
	if n := p.Bits - p.Net.Bits(); n < 63 {
		return 1 << n
	}
	return math.MaxInt64
}

// At is the i-th subnet, from 0; i must be less than Len.
func (p *Pool) At(i int64) CIDR {
	step := new(big.Int).Lsh(big.NewInt(i), uint(p.Net.Addr().BitLen()-p.Bits))
	a, _ := literal.Offset(p.Net.Addr(), step)
	return NewCIDR(netip.PrefixFrom(a, p.Bits))
}

// Next takes the next subnet.
func (p *Pool) Next() (CIDR, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next >= p.Len() {
		return CIDR{}, Errorf(diag.PoolUsedUp, "`%s` is used up: all %d subnets are taken", p, p.Len()).
			WithHelp("take them from a larger net, or make them smaller than /%d", p.Bits)
	}
	p.next++
	return p.At(p.next - 1), nil
}

// Rewind puts the place back to where so many are taken.
func (p *Pool) Rewind(taken int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = taken
}

// Taken is how many subnets Next has taken.
func (p *Pool) Taken() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next
}
