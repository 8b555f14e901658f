package image

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A Closeup shows of links what an image with Shared leaves out: parameters, of
// which each link has more than a hundred, in a file each. It is taken of what is
// about to be touched.
type Closeup struct {
	Shows  []Subject         `json:"shows"`
	Links  map[string]int32  `json:"links"`  // the numbers of links, by the names they had then
	Sysctl map[string]string `json:"sysctl"` // under those names
}

// A Subject is what a closeup is of: all parameters of a link, one of a link's,
// or one of every link's.
type Subject struct {
	Link  int32  `json:"link,omitempty"`  // its number; 0 for every link
	Name  string `json:"name,omitempty"`  // and name
	Param string `json:"param,omitempty"` // with a star for the link: ipv4/conf/*/rp_filter
}

// ID tells subjects apart, whatever a link is called by then.
func (s Subject) ID() string { return strconv.Itoa(int(s.Link)) + " " + s.Param }

// path is where a parameter is for a link.
func (s Subject) path(link string) string { return strings.Replace(s.Param, "*", link, 1) }

// Subjects are what must have been seen before a write set is touched. Find gives
// the number and the name of a link that it names.
func (s *WriteSet) Subjects(find func(LinkRef) (index int32, name string)) []Subject {
	seen := map[string]bool{}
	var list []Subject
	add := func(sub Subject) {
		if !seen[sub.ID()] {
			seen[sub.ID()] = true
			list = append(list, sub)
		}
	}
	for _, ref := range s.Links {
		if ref.Only != 0 {
			continue
		}
		if index, name := find(ref); index != 0 {
			add(Subject{Link: index, Name: name})
		}
	}
	for _, key := range s.Sysctls {
		for _, key := range changedBy(key) {
			switch dev := sysctlDevice(key); dev {
			case "", "all", "default": // of no link
			case "*":
				add(Subject{Param: key})
			default:
				if index, name := find(LinkRef{Name: dev}); index != 0 {
					add(Subject{Link: index, Name: name, Param: starred(key)})
				}
			}
		}
	}
	return list
}

// starred puts a star for the link that a parameter is of.
func starred(key string) string {
	for _, d := range deviceDirs {
		if rest, ok := strings.CutPrefix(key, d); ok {
			_, what, _ := strings.Cut(rest, "/")
			return d + "*/" + what
		}
	}
	return key
}

// TakeCloseup takes a closeup in the namespace that ns is an open descriptor of.
func TakeCloseup(ctx context.Context, ns int, of []Subject) (*Closeup, error) {
	c := &Closeup{Shows: of, Links: map[string]int32{}, Sysctl: map[string]string{}}
	for _, s := range of {
		if s.Link != 0 {
			c.Links[s.Name] = s.Link
		}
	}
	err := inside(ns, func() error {
		if slices.ContainsFunc(of, func(s Subject) bool { return s.Link == 0 }) {
			if err := c.count(); err != nil {
				return err
			}
		}
		dir, err := unix.Open(sysctlRoot, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(dir)
		r := &reader{buf: make([]byte, 64<<10), out: c.Sysctl}
		for _, s := range of {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			c.read(r, dir, s)
		}
		return nil
	})
	return c, err
}

// count notes all links that there are.
func (c *Closeup) count() error {
	cam, err := open()
	if err != nil {
		return err
	}
	defer cam.close()
	img := &Image{Dumps: map[section][]Message{}}
	if err := cam.takeDumps(img, secLink); err != nil {
		return err
	}
	for _, l := range img.links() {
		c.Links[l.name] = l.index
	}
	return nil
}

func (c *Closeup) read(r *reader, dir int, s Subject) {
	switch {
	case s.Param == "":
		for _, d := range deviceDirs {
			r.tree(dir, d+s.Name, d+s.Name+"/")
		}
	case s.Link != 0:
		r.file(dir, s.path(s.Name), s.path(s.Name))
	default:
		for l := range c.Links {
			r.file(dir, s.path(l), s.path(l))
		}
	}
}

// devconfMTU6 is DEVCONF_MTU6 (linux/ipv6.h).
const devconfMTU6 = 2

// Add puts a closeup into an image. What the image shows already is older; so is
// what it tells of IPv6's MTU, which follows from that of the link, and that of a
// bridge from those of its ports (br_if.c: br_mtu_auto_adjust).
func (img *Image) Add(c *Closeup) {
	names, mtus := map[int32]string{}, map[string]string{}
	for _, l := range img.links() {
		names[l.index] = l.name
		if conf := find(l.attrs, unix.IFLA_AF_SPEC, unix.AF_INET6, unix.IFLA_INET6_CONF); len(conf) >= 4*(devconfMTU6+1) {
			mtus["ipv6/conf/"+l.name+"/mtu"] = strconv.Itoa(int(int32(native.Uint32(conf[4*devconfMTU6:]))))
		}
	}
	if img.Sysctl == nil {
		img.Sysctl = map[string]string{}
	}
	for key, value := range c.Sysctl {
		was := names[c.Links[sysctlDevice(key)]]
		if was == "" {
			continue // it came later
		}
		key = Subject{Param: starred(key)}.path(was)
		if mtu, told := mtus[key]; told {
			value = mtu
		}
		if _, older := img.Sysctl[key]; !older {
			img.Sysctl[key] = value
		}
	}
	if img.shown == nil {
		img.shown = map[string]bool{}
	}
	for _, s := range c.Shows {
		img.shown[s.ID()] = true
	}
}

// unseen says of which links an image does not show what a write set touches. It
// would be a mistake of whoever took it.
func (img *Image) unseen(set WriteSet) []string {
	if img.Parts&Shared == 0 {
		return nil
	}
	index, names := map[string]int32{}, map[int32]string{}
	for _, l := range img.links() {
		index[l.name], names[l.index] = l.index, l.name
	}
	var out []string
	for _, s := range set.Subjects(func(ref LinkRef) (int32, string) {
		if name := names[ref.Index]; name != "" {
			return ref.Index, name
		}
		return index[ref.Name], ref.Name
	}) {
		whole, every := Subject{Link: s.Link}, Subject{Param: s.Param}
		if !img.shown[s.ID()] && (s.Param == "" || s.Link == 0 || !img.shown[whole.ID()] && !img.shown[every.ID()]) {
			out = append(out, "sysctl "+strings.TrimSpace(s.Param+" "+s.Name)+": not looked at before it was touched")
		}
	}
	return out
}
