// SPDX-License-Identifier: BSD-2-Clause

//go:build tools

// Package devdb names FerretDB as a dependency, so that go.mod and go.sum pin
// it and everything it is built from.  No code of ours is built from here.
package devdb

import _ "github.com/FerretDB/FerretDB/v2/cmd/ferretdb"
