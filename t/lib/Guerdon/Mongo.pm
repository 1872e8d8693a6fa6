# SPDX-License-Identifier: BSD-2-Clause
package Guerdon::Mongo;

# Just enough of MongoDB's wire protocol (OP_MSG) to look into the database
# behind the workers' backs, and to spoil it.
#
#	my $m = Guerdon::Mongo->new($g);
#	my $n = $m->count('claims', [userId => $id]);
#
# Documents go in as [name => value, ...], because their order counts, and
# come out as hashes.  A number that goes in is an int64.

use strict;
use warnings;
use Encode qw(decode_utf8 encode_utf8);
use IO::Socket::INET;

sub new {
	my ($class, $stack) = @_;
	my ($host, $port) = $stack->{uri} =~ m{^mongodb://([^:/]+):(\d+)} or
	    die "not a URI for this client: $stack->{uri}";
	my $fh = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port,
	    Timeout => 5) or die "no database: $!";

	return bless {fh => $fh, db => $stack->{db}, id => 0}, $class;
}

sub encode_value {
	my ($name, $value) = @_;
	my $key = encode_utf8($name) . "\0";

	return "\x0a$key" if !defined $value;
	return "\x03$key" . encode_document($value) if ref $value eq 'ARRAY';
	return "\x04$key" . encode_document([map { ($_ => $$value->[$_]) }
	    0 .. $#$$value]) if ref $value eq 'REF';
	return "\x09$key" . pack 'q<', $$value if ref $value eq 'SCALAR';
	return "\x12$key" . pack 'q<', $value if $value =~ /^-?\d{1,18}$/;
	my $text = encode_utf8($value) . "\0";
	return "\x02$key" . pack('V', length $text) . $text;
}

# An array is given as \[...], a date as \MILLISECONDS.
sub encode_document {
	my @pairs = @{$_[0]};
	my $out = '';

	while (my ($name, $value) = splice @pairs, 0, 2) {
		$out .= encode_value($name, $value);
	}
	return pack('V', 5 + length $out) . "$out\0";
}

# By type: how to take the value off the front of $_[0].
my %take = (
    0x01 => sub { unpack 'd<', substr $_[0], 0, 8, '' },
    0x02 => sub { my $n = unpack 'V', substr $_[0], 0, 4, '';
	decode_utf8(substr substr($_[0], 0, $n, ''), 0, $n - 1) },
    0x03 => sub { decode_document($_[0]) },
    0x04 => sub { my $d = decode_document($_[0]);
	[map { $d->{$_} } sort { $a <=> $b } keys %$d] },
    0x05 => sub { my $n = unpack 'V', substr $_[0], 0, 4, '';
	substr $_[0], 0, 1, ''; substr $_[0], 0, $n, '' },
    0x07 => sub { unpack 'H*', substr $_[0], 0, 12, '' },
    0x08 => sub { ord substr $_[0], 0, 1, '' },
    0x09 => sub { unpack 'q<', substr $_[0], 0, 8, '' },
    0x0a => sub { undef },
    0x10 => sub { unpack 'l<', substr $_[0], 0, 4, '' },
    0x11 => sub { unpack 'q<', substr $_[0], 0, 8, '' },
    0x12 => sub { unpack 'q<', substr $_[0], 0, 8, '' },
);

# Take a document off the front of the argument.
sub decode_document {
	my $len = unpack 'V', $_[0];
	my $bytes = substr $_[0], 0, $len, '';
	my %out;

	substr $bytes, 0, 4, '';
	while ((my $type = ord substr $bytes, 0, 1, '') != 0) {
		$bytes =~ s/^([^\0]*)\0//s;
		my $name = decode_utf8($1);
		my $take = $take{$type} or die "BSON type $type";
		$out{$name} = $take->($bytes);
	}
	return \%out;
}

sub read_bytes {
	my ($self, $n) = @_;
	my $out = '';

	while (length $out < $n) {
		sysread $self->{fh}, $out, $n - length $out, length $out or
		    die 'the database closed the connection';
	}
	return $out;
}

# Run a command; die unless it is ok.
sub command {
	my ($self, @pairs) = @_;
	my $body = pack('V', 0) . "\0" .
	    encode_document([@pairs, '$db' => $self->{db}]);

	syswrite $self->{fh}, pack('V4', 16 + length $body, ++$self->{id}, 0,
	    2013) . $body or die "send: $!";
	my $len = unpack 'V', $self->read_bytes(4);
	my $answer = $self->read_bytes($len - 4);
	substr $answer, 0, 12 + 4 + 1, '';
	my $out = decode_document($answer);
	die 'the database refused: ' . ($out->{errmsg} // '?') if !$out->{ok};
	die 'a write failed: ' . $out->{writeErrors}[0]{errmsg}
	    if $out->{writeErrors};
	return $out;
}

# The documents that a filter finds, at most ${limit} (1,000); with ${fields},
# only those members.
sub find {
	my ($self, $collection, $filter, $limit, @fields) = @_;
	my $most = $limit // 1000;
	my $out = $self->command(find => $collection, filter => $filter // [],
	    limit => $most, batchSize => $most,
	    @fields ? (projection => [map { ($_ => 1) } @fields]) : ());

	return @{$out->{cursor}{firstBatch}};
}

# How many there are.  The command count only estimates here.
sub count {
	my ($self, $collection, $filter) = @_;

	return scalar(my @all = $self->find($collection, $filter, 10_000, '_id'));
}

sub update {
	my ($self, $collection, $filter, $change) = @_;

	return $self->command(update => $collection, updates => \[[q => $filter,
	    u => $change]])->{n};
}

sub insert {
	my ($self, $collection, $document) = @_;

	return $self->command(insert => $collection,
	    documents => \[$document])->{n};
}

sub remove {
	my ($self, $collection, $filter) = @_;

	return $self->command(delete => $collection, deletes => \[[q => $filter,
	    limit => 0]])->{n};
}

1;
