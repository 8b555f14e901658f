package kernel

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// Ping sends echo requests, each when the one before is answered or given up.
func (h *Host) Ping(ctx context.Context, echo host.Echo) (host.EchoReport, error) {
	var report host.EchoReport
	p, err := h.pinger(ctx, echo.NS, echo.To)
	if err != nil {
		return report, err
	}
	defer p.close()
	payload := make([]byte, max(echo.Size, 0))
	for i := range payload {
		payload[i] = byte(rand.Uint32())
	}
	for seq := 1; seq <= max(echo.Count, 1); seq++ {
		begin := time.Now()
		a, err := p.echo(ctx, seq, payload, echo.Timeout)
		if ctx.Err() != nil {
			return report, ctx.Err()
		}
		report.Sent++
		switch {
		case errors.Is(err, errSilence):
			report.Why = fmt.Sprintf("no answer from %s within %s", echo.To, echo.Timeout)
		case err != nil:
			report.Why = sendWords(echo.To, err)
		case a.why != "":
			report.Why = a.why
		default:
			report.Received++
			report.RTT = append(report.RTT, a.rtt)
		}
		if seq < echo.Count {
			if err := pause(ctx, echo.Interval-time.Since(begin)); err != nil {
				return report, err
			}
		}
	}
	return report, nil
}

func (h *Host) pinger(ctx context.Context, ns string, to netip.Addr) (*pinger, error) {
	h.life.RLock()
	defer h.life.RUnlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !to.IsValid() {
		return nil, failed(unix.EINVAL, host.FieldDest, "no address given")
	}
	sp, err := h.space(ns)
	if err != nil {
		return nil, err
	}
	return sp.pinger(to.Unmap())
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
