# SPDX-License-Identifier: BSD-2-Clause
package Guerdon::Fcgi;

# The client side of FastCGI, a record at a time, over a worker's unix socket.

use strict;
use warnings;
use Exporter qw(import);
use IO::Select;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Time::HiRes qw(time);

our @EXPORT_OK = qw(fcgi_record fcgi_begin fcgi_params fcgi_stdin fcgi_call);

# The types of records.
use constant {FCGI_BEGIN => 1, FCGI_END => 3, FCGI_PARAMS => 4,
    FCGI_STDIN => 5, FCGI_STDOUT => 6};

# A record; the content has at most 65,535 bytes.
sub fcgi_record {
	my ($type, $id, $content) = @_;

	return pack('CCnnCC', 1, $type, $id, length $content, 0, 0) . $content;
}

sub fcgi_begin {
	my ($id, $keep) = @_;

	return fcgi_record(FCGI_BEGIN, $id, pack 'nCx5', 1, $keep ? 1 : 0);
}

sub stream {
	my ($type, $id, $bytes) = @_;
	my $out = '';

	$out .= fcgi_record($type, $id, substr $bytes, 0, 65535, '')
	    while length $bytes;
	return $out . fcgi_record($type, $id, '');
}

sub length_of {
	my ($n) = @_;

	return $n < 128 ? chr $n : pack 'N', $n | 0x80000000;
}

# [name, value, ...]
sub fcgi_params {
	my ($id, @pairs) = @_;
	my $out = '';

	while (my ($name, $value) = splice @pairs, 0, 2) {
		$out .= length_of(length $name) . length_of(length $value) .
		    $name . $value;
	}
	return stream(FCGI_PARAMS, $id, $out);
}

sub fcgi_stdin {
	my ($id, $bytes) = @_;

	return stream(FCGI_STDIN, $id, $bytes);
}

# A whole call: id, keep, params [..], body.  CONTENT_LENGTH is that of the
# body unless the params name one.
sub fcgi_call {
	my (%o) = @_;
	my @params = @{$o{params}};
	my $body = $o{body} // '';
	my %has = @params;

	unshift @params, CONTENT_LENGTH => length $body
	    if !exists $has{CONTENT_LENGTH};
	return fcgi_begin($o{id} // 1, $o{keep}) .
	    fcgi_params($o{id} // 1, @params) .
	    fcgi_stdin($o{id} // 1, $body);
}

# connect(path): undef with $! if nobody listens.
sub connect {
	my ($class, $path) = @_;
	my $fh = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path);

	return $fh ? bless({fh => $fh, in => ''}, $class) : undef;
}

sub send {
	my ($self, $bytes) = @_;

	local $SIG{PIPE} = 'IGNORE';
	while (length $bytes) {
		my $n = syswrite $self->{fh}, $bytes;
		return 0 if !$n;
		substr($bytes, 0, $n, '');
	}
	return 1;
}

sub close {
	my ($self) = @_;

	close $self->{fh};
}

# Take whole records off the input.
sub records {
	my ($self) = @_;
	my @out;

	while (length $self->{in} >= 8) {
		my (undef, $type, $id, $len, $pad) =
		    unpack 'CCnnC', $self->{in};
		last if length $self->{in} < 8 + $len + $pad;
		push @out, [$type, $id, substr $self->{in}, 8, $len];
		substr($self->{in}, 0, 8 + $len + $pad, '');
	}
	return @out;
}

# Bytes that came within ${seconds}: 1; 0 if the peer closed; undef if none.
sub pull {
	my ($self, $seconds) = @_;
	my $n;

	return undef if !IO::Select->new($self->{fh})->can_read($seconds);
	$n = sysread $self->{fh}, $self->{in}, 65536, length $self->{in};
	return $n ? 1 : 0;
}

# The next answer, within ${seconds}: {status, headers, body, id, end, closed}.
# ${end} is the protocol status of END_REQUEST, undef if none came.
sub answer {
	my ($self, $seconds) = @_;
	my ($until, $out) = (time + ($seconds // 10), '');
	my %answer = (headers => {}, status => 0, body => '');

	while (!defined $answer{end}) {
		for my $r ($self->records) {
			my ($type, $id, $content) = @$r;
			$answer{id} = $id;
			$out .= $content if $type == FCGI_STDOUT;
			@answer{qw(app end)} = unpack 'NC', $content
			    if $type == FCGI_END;
		}
		last if defined $answer{end} || time > $until;
		my $got = $self->pull($until - time) // next;
		if (!$got) {
			$answer{closed} = 1;
			last;
		}
	}
	if ($out =~ /^(.*?)\r\n\r\n(.*)/s) {
		$answer{body} = $2;
		for (split /\r\n/, $1) {
			my ($name, $value) = /^([^:]*):\s*(.*)$/;
			$answer{headers}{lc $name} = $value;
		}
		($answer{status}) = ($answer{headers}{status} // 0) =~ /(\d+)/;
	}
	return \%answer;
}

# Does the peer close within ${seconds}?  What it sends before is dropped.
sub closes {
	my ($self, $seconds) = @_;
	my $until = time + $seconds;

	while ((my $left = $until - time) > 0) {
		my $got = $self->pull($left);
		return 1 if defined $got && !$got;
	}
	return 0;
}

1;
