package image

import (
	"maps"
	"slices"
)

// summed says in one line of each link that is not there any more what was said
// of all that it had.
func (r *restorer) summed(residue []string) []string {
	if len(residue) == 0 {
		return nil
	}
	there := byIndex(r.now)
	var gone []string
	for _, l := range renumbered(r.pre, r.now).links() {
		if _, ok := there[l.index]; ok {
			continue
		}
		r.goal.Image = r.goal.copy()
		r.goal.leave(map[int32]bool{l.index: true}, []string{l.name})
		if rest := r.residue(); len(rest) < len(residue) {
			residue, gone = rest, append(gone, "link "+l.name+": gone, with all that it had")
		}
	}
	return append(residue, gone...)
}

// copy returns an image that links can be taken out of.
func (img *Image) copy() *Image {
	out := *img
	out.Dumps = maps.Clone(img.Dumps)
	for s, list := range out.Dumps {
		out.Dumps[s] = slices.Clone(list)
	}
	out.Sysctl, out.Sysfs, out.Far = maps.Clone(img.Sysctl), maps.Clone(img.Sysfs), maps.Clone(img.Far)
	return &out
}
