package repl

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"

	"vnet/lang/usage"
	"vnet/runtime"
	"vnet/runtime/host"
)

// program gives the statement for a line that runs a program: in a namespace
// that it names, or in the scope that was entered.
func (p *Prompt) program(ctx context.Context, text string) (statement string, ok bool) {
	if statement, ok := p.Session.Program(ctx, text); ok {
		return statement, true
	}
	if !p.Session.Entered() {
		return "", false
	}
	words := strings.Fields(text)
	if len(words) == 0 || p.known(words[0]) || usage.Replaces(words...) || !onPath(words[0]) {
		return "", false
	}
	return p.Session.Program(ctx, p.Session.Scope()+" "+strings.TrimSpace(text))
}

// known reports whether a word begins something else than the name of a
// program.
func (p *Prompt) known(word string) bool {
	return usage.Of(word) != nil || usage.Later(word) != nil || handlers[word] != nil || leaving[word] ||
		p.Session.Alive().Functions[word] != nil
}

// onPath reports whether there is a program of that name.
func onPath(word string) bool {
	if strings.ContainsAny(word, "=({[$\"'") {
		return false
	}
	_, err := exec.LookPath(word)
	return err == nil
}

// callers are programs whose arguments are hosts to call.
var callers = []string{"arping", "curl", "iperf", "iperf3", "mtr", "nc", "ping", "ping6", "ssh", "telnet", "tracepath",
	"traceroute", "wget"}

// unaddressed says of a line that calls a namespace by its name that one of
// the two has no address to do so; "" for any other line.
func (p *Prompt) unaddressed(ctx context.Context, words []string) string {
	if p.Session.Entered() && len(words) > 1 && slices.Contains(callers, words[0]) {
		words = append([]string{p.Session.Scope()}, words...)
	}
	if len(words) < 3 || !slices.Contains(callers, words[1]) || !p.Session.Alive().Has(words[0]) {
		return ""
	}
	for _, to := range words[2:] {
		if !p.Session.Alive().Has(to) || to == host.Start {
			continue
		}
		alive, err := p.Session.Look(ctx)
		if err != nil {
			return ""
		}
		for _, ns := range []string{to, words[0]} {
			if s := alive.Spaces[ns]; s != nil && ns != host.Start && !addressed(s) {
				return fmt.Sprintf("error: `%s` has no address: `%s`", ns, giveAddress(alive, ns))
			}
		}
	}
	return ""
}

// addressed reports whether others can reach a namespace.
func addressed(s *host.State) bool {
	return slices.ContainsFunc(s.Addrs, func(a host.Addr) bool { return runtime.Reachable(a) })
}

// giveAddress is the statement that would give a namespace an address, next to
// those that others have, or the cable that it lacks.
func giveAddress(alive *runtime.Alive, ns string) string {
	link, free, taken := "", netip.MustParsePrefix("10.0.0.1/24"), map[netip.Addr]bool{}
	for _, l := range alive.Spaces[ns].Links {
		if link == "" && l.Name != "lo" && l.Master == "" {
			link = l.Name
		}
	}
	for _, s := range alive.States() {
		for _, a := range s.Addrs {
			if runtime.Reachable(a) && len(taken) == 0 && s.NS != host.Start {
				free = a.Prefix
			}
			taken[a.Prefix.Addr()] = true
		}
	}
	next := func() netip.Prefix {
		ip := free.Addr()
		for taken[ip] && free.Contains(ip.Next()) {
			ip = ip.Next()
		}
		taken[ip] = true
		return netip.PrefixFrom(ip, free.Bits())
	}
	if link != "" {
		return fmt.Sprintf("addr add %s:%s %s", ns, link, next())
	}
	for _, other := range alive.Names {
		if other != ns {
			return fmt.Sprintf("veth %s:eth0 %s <-> %s:eth0 %s", ns, next(), other, next())
		}
	}
	return fmt.Sprintf("veth %s:eth0 %s <-> NS:eth0 %s", ns, next(), next())
}
