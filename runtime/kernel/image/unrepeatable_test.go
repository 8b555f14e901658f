package image

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// What cannot be made again from what is told is named; what the kernel makes
// by itself is no loss.
func TestUnrepeatable(t *testing.T) {
	t.Parallel()
	text := func(s string) []byte { return append([]byte(s), 0) }
	message := func(handle uint32, kind string, attrs ...[]byte) Message {
		body := put(tcHeader(1, handle, tcHRoot, 0), tcaKind, text(kind))
		for _, a := range attrs {
			body = append(body, a...)
		}
		return Message{unix.RTM_NEWQDISC, body}
	}
	filter := func(kind string, options []byte) []Message {
		return []Message{message(0, kind), message(1, kind, put(nil, tcaOptions, options))}
	}
	acts := func(kind string, options []byte) []byte {
		return put(nil, 7, put(nil, 1, put(put(nil, 1, text(kind)), 2, options))) // TCA_U32_ACT
	}
	for name, c := range map[string]struct {
		qdiscs, filters []Message
		want            []string
	}{
		"known":         {[]Message{message(1<<16, "htb"), message(0, "noqueue")}, filter("u32", acts("mirred", nil)), nil},
		"the kernel's":  {[]Message{message(0, "red")}, nil, nil},
		"a qdisc":       {[]Message{message(1<<16, "red"), message(2<<16, "red"), message(3<<16, "tbf")}, nil, []string{"qdisc red"}},
		"a small table": {[]Message{message(1<<16, "htb", put(nil, tcaStab, put(nil, 1, make([]byte, 24))))}, nil, nil},
		"a size table": {[]Message{message(1<<16, "htb", put(nil, tcaStab, put(nil, 1, append(make([]byte, 20), 1, 2, 0, 0))))}, nil,
			[]string{"the size table of qdisc htb"}},
		"a filter":       {nil, filter("flow", nil), []string{"filter flow"}},
		"eBPF":           {nil, filter("bpf", put(nil, 7, text("x"))), []string{"filter bpf"}},
		"classic BPF":    {nil, filter("bpf", put(nil, bpfOps, make([]byte, 8))), nil},
		"police":         {nil, filter("u32", put(nil, 6, make([]byte, 4))), []string{"the police of filter u32"}},
		"police, by act": {nil, filter("u32", acts("police", nil)), []string{"action police"}},
		"an action":      {nil, filter("u32", acts("ife", nil)), []string{"action ife"}},
	} {
		img := &Image{Dumps: map[section][]Message{secQdisc: c.qdiscs, secFilter: c.filters}}
		if got := img.unrepeatable(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
