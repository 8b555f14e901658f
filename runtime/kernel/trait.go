package kernel

import (
	"context"
	"strings"

	"vnet/runtime/host"
	"vnet/runtime/kernel/image"
)

// Traits shows what programs have set up in a namespace: traffic control and
// nftables.
func (h *Host) Traits(ctx context.Context, ns string) (host.Traits, error) {
	h.life.RLock()
	defer h.life.RUnlock()
	sp, done, err := h.peek(ns)
	if err != nil {
		return host.Traits{}, err
	}
	defer done()
	img, err := image.Programmed(ctx, int(sp.fd))
	if err != nil {
		return host.Traits{}, err
	}
	out := host.Traits{Blind: strings.Join(img.Notes, "; ")}
	for _, e := range img.Programmed() {
		if len(e.Links()) == 0 {
			out.List = append(out.List, host.Trait{NS: ns, Name: e.Thing, Lines: plain(e.Lines)})
			continue
		}
		for _, l := range e.Lines {
			kind, rest, _ := strings.Cut(l, " ")
			out.List = append(out.List, host.Trait{NS: ns, Name: e.Thing + " " + kind, On: e.Links()[0], Lines: []string{rest}, Raw: true})
		}
	}
	return out, nil
}

// plain leaves the braces out of a table as nft(8) lists it.
func plain(lines []string) []string {
	var out []string
	for _, l := range lines {
		l = strings.TrimSpace(l)
		if l != "" && l != "}" {
			out = append(out, strings.TrimSuffix(l, " {"))
		}
	}
	return out
}
