# SPDX-License-Identifier: BSD-2-Clause
package Guerdon::Tree;

# The files of the source tree: what git knows or would take, and where there
# is no git (a release), what lies there.

use strict;
use warnings;
use File::Find;
use Guerdon::Stack;

# Paths from the top, sorted.
sub files {
	my $top = Guerdon::Stack::top();
	my $quoted = Guerdon::Stack::quote($top);
	my @files = -e "$top/.git" ? split /\0/, qx(git -c safe.directory='*' \\
	    -C $quoted ls-files -z --cached --others --exclude-standard) :
	    ();

	return sort grep { -e "$top/$_" } @files if @files;
	find({no_chdir => 1, wanted => sub {
		push @files, substr $_, 1 + length $top if -f;
	}}, $top);
	# What autotools and a build make is not source.
	return sort grep { !m{^(?:\.git|build|data|exec|build-aux|
	    autom4te\.cache|bin|[^/]*\.tar\.[^/]*)(?:/|$)}x &&
	    !m{(?:^|/)(?:aclocal\.m4|configure|config\.(?:h|h\.in|log|status)|
	    Makefile(?:\.in)?|stamp-h1|\.deps/.*|\.dirstamp|.*\.[oa])$}x }
	    @files;
}

# Those that are text, and not somebody else's lock file of packages.  Seeds of
# the fuzz targets are bytes, whatever they look like.
sub texts {
	return grep { !m{^fuzz/corpus/} && -T Guerdon::Stack::top() . "/$_" }
	    files();
}

# Scripts, by their first line: sh, bash, perl.
sub scripts {
	my ($language) = @_;

	return grep { Guerdon::Stack::slurp(Guerdon::Stack::top() . "/$_") =~
	    m{\A#!\s*\S*[/ ]$language\b} } files();
}

1;
