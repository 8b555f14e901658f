package kernel

import (
	"cmp"
	"context"
	"os"
	"strconv"
	"strings"
)

// The states of sockets in /proc/net (include/net/tcp_states.h).
const (
	tcpListen = "0A"
	udpOpen   = "07" // bound, and connected to nobody
)

// Listeners gives the sockets that wait on a port: see host.Host. Their numbers
// are those of their inodes.
func (h *Host) Listeners(ctx context.Context, ns string, port int) ([]uint64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p, err := h.enter(ns)
	if err != nil {
		return nil, err
	}
	defer p.done()
	var found []uint64
	away := p.run(func() {
		for _, table := range []struct{ file, state string }{
			{"tcp", tcpListen}, {"tcp6", tcpListen}, {"udp", udpOpen}, {"udp6", udpOpen},
		} {
			// The table of the thread's namespace, not of the process's.
			text, readErr := os.ReadFile("/proc/thread-self/net/" + table.file)
			if readErr != nil && !os.IsNotExist(readErr) { // without IPv6 there is no table of it
				err = readErr
			}
			found = append(found, sockets(string(text), table.state, port)...)
		}
	})
	return found, cmp.Or(away, err)
}

// sockets reads a table of /proc/net:
//
//	sl  local_address rem_address   st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode
//	 0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000   0       0 26145 …
func sockets(table, state string, port int) []uint64 {
	var out []uint64
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 10 || f[3] != state {
			continue
		}
		_, hex, _ := strings.Cut(f[1], ":")
		n, err := strconv.ParseUint(hex, 16, 16)
		if err != nil || int(n) != port {
			continue
		}
		if inode, err := strconv.ParseUint(f[9], 10, 64); err == nil {
			out = append(out, inode)
		}
	}
	return out
}
