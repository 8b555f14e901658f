package image

import (
	"maps"
	"slices"
)

// unlike returns views of two images without what they have in common, as far as
// that is seen from the messages: of a namespace with many links little differs,
// and to put all of it into words takes long. What stands together stays together,
// so that two fingerprints differ as they would of all.
func unlike(a, b *Image, form Form) (*view, *view) {
	was, is := newView(a, form), newView(b, form)
	if !maps.Equal(was.names, is.names) || !maps.Equal(a.Peers, b.Peers) || !maps.Equal(a.Far, b.Far) {
		return was, is
	}
	left, right := *a, *b
	left.Dumps, right.Dumps = map[section][]Message{}, map[section][]Message{}
	for s := range a.Dumps {
		left.Dumps[s], right.Dumps[s] = unlikeMessages(s, a.Dumps[s], b.Dumps[s])
	}
	for s := range b.Dumps {
		if _, both := a.Dumps[s]; !both {
			right.Dumps[s] = b.Dumps[s]
		}
	}
	left.Sysctl, right.Sysctl = unlikeValues(a.Sysctl, b.Sysctl)
	left.Sysfs, right.Sysfs = unlikeValues(a.Sysfs, b.Sysfs)
	was.img, is.img = &left, &right
	return was, is
}

// unlikeMessages leaves out the messages of a section that are the same in both,
// if all that they stand together with are.
func unlikeMessages(s section, a, b []Message) ([]Message, []Message) {
	if slices.EqualFunc(a, b, Message.equal) {
		return nil, nil
	}
	group := func(list []Message) map[string][]Message {
		out := map[string][]Message{}
		for _, m := range list {
			key := togetherWith(s, m)
			out[key] = append(out[key], m)
		}
		return out
	}
	was, is := group(a), group(b)
	alike := map[string]bool{}
	for key := range was {
		alike[key] = slices.EqualFunc(was[key], is[key], Message.equal)
	}
	same := func(m Message) bool { return alike[togetherWith(s, m)] }
	return slices.DeleteFunc(slices.Clone(a), same), slices.DeleteFunc(slices.Clone(b), same)
}

// togetherWith is the same for messages of a section that say something of one
// thing, and for others of one link.
func togetherWith(s section, m Message) string {
	switch s {
	case secRoute4, secRoute6, secMPLS:
		r := routeOf(m)
		return string(put32(put32([]byte{r.family, r.bits, r.tos}, 0, r.table), 0, r.metric)) + string(r.dst)
	case secLink, secAddr, secNeigh, secProxy, secFDB, secPort, secQdisc, secClass, secFilter:
		if len(m.Data) >= 8 {
			return string(m.Data[4:8])
		}
	}
	return ""
}

// unlikeValues leaves out the values that are the same in both.
func unlikeValues(a, b map[string]string) (map[string]string, map[string]string) {
	without := func(of, other map[string]string) map[string]string {
		out := map[string]string{}
		for key, value := range of {
			if is, there := other[key]; !there || is != value {
				out[key] = value
			}
		}
		return out
	}
	return without(a, b), without(b, a)
}
