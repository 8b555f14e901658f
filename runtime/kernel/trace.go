package kernel

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// How far and how patiently a way is followed. Routers answer at most about
// once a second when asked often (net.ipv4.icmp_ratelimit), so the second try
// waits longer than that.
const (
	maxHops   = 64
	maxSilent = 3 // hops without an answer in a row
)

var hopPatience = []time.Duration{400 * time.Millisecond, 1200 * time.Millisecond}

// Trace sends echo requests that may go through one router, then two and so
// on, as traceroute(8) -I does. The error says why the destination was not
// reached; the addresses up to there come with it.
func (h *Host) Trace(ctx context.Context, ns string, to netip.Addr) ([]netip.Addr, error) {
	p, err := h.pinger(ctx, ns, to)
	if err != nil {
		return nil, err
	}
	defer p.close()
	var way []netip.Addr
	silent := 0
	for ttl := 1; ttl <= maxHops; ttl++ {
		if err := p.setTTL(ttl); err != nil {
			return way, err
		}
		a, err := p.probe(ctx, ttl)
		switch {
		case errors.Is(err, errSilence):
			way = append(way, netip.Addr{})
			if silent++; silent == maxSilent {
				return way[:len(way)-maxSilent], lost(to, way[:len(way)-maxSilent])
			}
			continue
		case ctx.Err() != nil:
			return way, ctx.Err()
		case err != nil:
			return way, errors.New(sendWords(to, err))
		}
		silent = 0
		way = append(way, a.from)
		if a.why == "" {
			return way, nil
		}
		if !a.hop {
			return way, errors.New(a.why)
		}
	}
	return way, fmt.Errorf("%s is more than %d routers away", to, maxHops)
}

func lost(to netip.Addr, way []netip.Addr) error {
	if len(way) == 0 {
		return fmt.Errorf("no answer on the way to %s", to)
	}
	return fmt.Errorf("no answer on the way to %s behind %s", to, way[len(way)-1])
}

func (p *pinger) probe(ctx context.Context, ttl int) (a answer, err error) {
	for try, patience := range hopPatience {
		a, err = p.echo(ctx, ttl<<1|try, []byte("vnet trace"), patience)
		if !errors.Is(err, errSilence) {
			return a, err
		}
	}
	return a, err
}
