package value

import (
	"strings"

	"vnet/lang/diag"
	"vnet/lang/literal"
)

// MaxText is how long a text may grow, in bytes: far beyond what a script has
// to say, and little enough for any machine.
const MaxText = 16 << 20

// FitsText reports a text of so many bytes as too long.
func FitsText(n int) error {
	if n <= MaxText {
		return nil
	}
	return Errorf(diag.LongRange, "a text may have %d MB, and this one would have more", MaxText>>20).
		WithHelp("a loop that makes a text out of itself twice doubles it each time")
}

// FitsList reports a list of so many elements as too long.
func FitsList(n int) error {
	if n <= literal.MaxRange {
		return nil
	}
	return Errorf(diag.LongRange, "a list may have %d elements, and this one would have %d", literal.MaxRange, n)
}

// write adds v to b as it is written in a list, and stops beyond limit bytes:
// a value that holds another one twice, and so on, may be too large to write.
func write(b *strings.Builder, v Value, limit int) {
	if b.Len() > limit {
		return
	}
	switch v := v.(type) {
	case List:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(' ')
			}
			if write(b, e, limit); b.Len() > limit {
				return
			}
		}
		b.WriteByte(']')
	case *Map:
		b.WriteByte('{')
		for i, k := range v.keys {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(Source(Text{S: k}) + ": ")
			if write(b, v.m[k], limit); b.Len() > limit {
				return
			}
		}
		b.WriteByte('}')
	default:
		b.WriteString(Source(v))
	}
}

func written(v Value, limit int) string {
	var b strings.Builder
	write(&b, v, limit)
	return b.String()
}
