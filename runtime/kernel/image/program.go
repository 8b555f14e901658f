package image

import (
	"context"
	"slices"
)

// Programmed takes an image of what nothing but a program sets up in a
// namespace: traffic control and nftables. What the kernel put there by itself,
// as the qdisc of each link, is not in it.
func Programmed(ctx context.Context, ns int) (*Image, error) {
	img := &Image{Parts: NFT, Dumps: map[section][]Message{}}
	err := inside(ns, func() error {
		c, err := open()
		if err != nil {
			return err
		}
		defer c.close()
		if err := c.takeDumps(img, secLink, secQdisc); err != nil {
			return err
		}
		img.Dumps[secQdisc] = slices.DeleteFunc(img.Dumps[secQdisc], func(m Message) bool { return tcOf(m).handle == 0 })
		if err := c.takeTraffic(img); err != nil {
			return err
		}
		return takeTables(ctx, img)
	})
	return img, err
}

// Programmed tells of an image what programs have set up there, as two builds
// of the same network have it.
func (img *Image) Programmed() Fingerprint {
	c := newCanvas(newView(img, Portable))
	c.drawTraffic()
	c.drawTables()
	return c.fingerprint()
}
