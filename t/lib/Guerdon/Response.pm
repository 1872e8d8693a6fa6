# SPDX-License-Identifier: BSD-2-Clause
package Guerdon::Response;

# One HTTP answer as it came over the wire.

use strict;
use warnings;
use JSON::PP ();

my $json = JSON::PP->new->utf8->allow_nonref;

# new(request, bytes, error, begun, ended)
sub new {
	my ($class, $req, $bytes, $error, $begun, $ended) = @_;
	my $self = bless {request => $req, raw => $bytes, error => $error,
	    begun => $begun, ended => $ended, status => 0, headers => [],
	    body => ''}, $class;
	# A 100 Continue goes before the answer.
	$bytes =~ s{^HTTP/1\.1 100 [^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n}{};
	if ($bytes =~ m{^HTTP/1\.[01] (\d\d\d)[^\r\n]*\r\n(.*?)\r\n\r\n(.*)}s
	    || $bytes =~ m{^HTTP/1\.[01] (\d\d\d)[^\r\n]*\r\n()\r\n(.*)}s) {
		@$self{qw(status body)} = ($1, $3);
		$self->{headers} = [map { [/^([^:]*):\s*(.*?)\s*$/s] }
		    split /\r\n/, $2];
		$self->unchunk if lc($self->header('Transfer-Encoding') // '')
		    eq 'chunked';
		$self->check_length;
	} else {
		$self->{error} //= $bytes eq '' ? 'closed without an answer' :
		    'not an HTTP answer';
	}
	return $self;
}

sub unchunk {
	my ($self) = @_;
	my ($in, $out) = ($self->{body}, '');

	while ($in =~ s/^([0-9A-Fa-f]+)[^\r\n]*\r\n//) {
		my $len = hex $1;
		last if $len == 0;
		$out .= substr $in, 0, $len, '';
		$in =~ s/^\r\n//;
	}
	$self->{body} = $out;
}

# An answer that is cut off is none.
sub check_length {
	my ($self) = @_;
	my $len = $self->header('Content-Length');

	return if !defined $len || $self->{status} == 304 ||
	    ($self->{request}{method} // 'GET') eq 'HEAD';
	$self->{error} //= 'the answer is cut off'
	    if length $self->{body} < $len;
}

sub status	{ return $_[0]{status} }
sub body	{ return $_[0]{body} }
sub error	{ return $_[0]{error} }
sub request	{ return $_[0]{request} }

# From the first byte sent to the last one received, in seconds.
sub seconds	{ return $_[0]{ended} - $_[0]{begun} }
sub begun	{ return $_[0]{begun} }
sub ended	{ return $_[0]{ended} }

# All values of a field, or the first one.
sub all {
	my ($self, $name) = @_;

	return map { $_->[1] } grep { lc($_->[0] // '') eq lc $name }
	    @{$self->{headers}};
}

sub header {
	my ($self, $name) = @_;

	return ($self->all($name))[0];
}

# The body as data, undef if it isn't JSON.
sub json {
	my ($self) = @_;

	$self->{json} = eval { $json->decode($self->{body}) }
	    if !exists $self->{json};
	return $self->{json};
}

# A member of the body if it is an object.
sub get {
	my ($self, $name) = @_;
	my $data = $self->json;

	return ref $data eq 'HASH' ? $data->{$name} : undef;
}

sub code	{ return $_[0]->get('code') // '' }

# The trace id of the answer's traceparent.
sub trace {
	my ($self) = @_;
	my ($id) = ($self->header('traceparent') // '') =~
	    /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

	return $id;
}

# For a message: "201" or "409 ALREADY_CLAIMED" or what went wrong.
sub brief {
	my ($self) = @_;

	return "no answer: $self->{error}" if !$self->{status};
	return join ' ', grep { $_ ne '' } $self->{status}, $self->code,
	    $self->{error} // '';
}

1;
