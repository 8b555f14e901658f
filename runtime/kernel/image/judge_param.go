package image

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// judgeParams judges sysctls. One for all links writes those of each, so that a
// value that was written to any of that name is ours; so is what the kernel makes of
// another one.
func (j *judgement) judgeParams() {
	written, followed := map[string]bool{}, map[string]bool{}
	for key, values := range j.ours.Values {
		path, ok := strings.CutPrefix(key, "sysctl ")
		if !ok {
			continue
		}
		for _, v := range values {
			v, plain := plainParam(v)
			written[last(path)+" "+v] = true
			followed[path] = followed[path] || !plain // what the kernel makes of it cannot be foretold
			if forwards(path) {
				written["forwarding "+v], written["ip_forward "+v] = true, true
			}
		}
		for _, changed := range changedBy(path) {
			if last(changed) != last(path) && !forwards(changed) {
				followed[changed] = true
			}
		}
	}
	for key, was := range j.pre.Sysctl {
		is, there := j.now.Sysctl[key]
		is, _ = plainParam(is)
		was, _ := plainParam(was)
		dev := sysctlDevice(key)
		switch {
		case !there || is == was || !j.sysctl(key) || written[last(key)+" "+is] || followed[key] || followed[starred(key)]:
			continue
		case j.ours.Reset[dev] || j.ours.Whole[dev] || slices.Contains(derivedParams, last(key)):
			continue
		}
		j.Params[key] = true
		j.foreign("sysctl "+key, "sysctl "+key+": "+is)
	}
	for name, attrs := range j.Attrs {
		if _, ok := attrs[unix.IFLA_MTU]; ok {
			j.Params["ipv6/conf/"+name+"/mtu"] = true
		}
	}
}

// forwards reports whether a parameter has IPv4 forward: ip_forward is that of all
// links.
func forwards(path string) bool {
	return path == "ipv4/ip_forward" || strings.HasPrefix(path, "ipv4/conf/") && last(path) == "forwarding"
}

// plainParam puts the numbers of a parameter into one form, and reports whether
// there is nothing else in it.
func plainParam(value string) (text string, plain bool) {
	fields := strings.Fields(value)
	plain = len(fields) > 0
	for i, f := range fields {
		n, err := strconv.ParseInt(f, 0, 64)
		if err != nil {
			plain = false
			continue
		}
		fields[i] = strconv.FormatInt(n, 10)
	}
	return strings.Join(fields, " "), plain
}

// derivedParams change with other things: with the MTU, with forwarding.
var derivedParams = []string{"mtu", "accept_redirects", "accept_ra", "addr_gen_mode"}

func last(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }
