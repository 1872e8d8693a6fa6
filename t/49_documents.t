#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# The documents: the gateway's is the public part of both contracts, the
# internal ports give their own whole, and Swagger UI is there for all three.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Contract;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;

sub refs {
	my ($node) = @_;

	return ref $node eq 'ARRAY' ? map { refs($_) } @$node :
	    ref $node eq 'HASH' ? map { $_ eq '$ref' && !ref $node->{$_} ?
	    $node->{$_} : refs($node->{$_}) } keys %$node : ();
}

# The names of the operations of a document.
sub ids {
	my ($document) = @_;

	return sort map { $_->{operationId} // () } grep { ref eq 'HASH' }
	    map { values %$_ } values %{$document->{paths}};
}

for my $port (qw(auth event)) {
	my $res = $g->call(GET => '/v1/openapi.json', on => $port);
	is_status($res, 200, "$port: /v1/openapi.json");
	is($res->header('Content-Type'), 'application/json', '... is JSON');
	is_deeply($res->json, contract($port), "... is the whole api.json");
}

my $res = $g->call(GET => '/v1/openapi.json');
my $document = $res->json;
is_status($res, 200, 'the gateway: /v1/openapi.json');
is($res->header('Content-Type'), 'application/json', '... is JSON');
is($document->{openapi}, '3.1.0', '... of OpenAPI 3.1');
is_deeply([ids($document)], [sort map { $_->{id} } grep { $_->{public} }
    operations()], '... with the public operations of both, and no other');
for my $op (grep { $_->{public} } operations()) {
	is_deeply($document->{paths}{$op->{path}}{lc $op->{method}}, $op->{node},
	    "... $op->{id} as the contract has it");
}
is(join(' ', grep { m{^/(?:internal|introspect)} }
    keys %{$document->{paths}}), '', '... and nothing internal');
my @lost;
for my $ref (refs($document)) {
	my $node = $document;
	$node = ref $node eq 'HASH' ? $node->{$_} : undef
	    for (split m{/}, $ref)[1 .. 3];
	push @lost, $ref if !defined $node;
}
is("@lost", '', 'every $ref of it leads somewhere');
my ($scheme) = values %{$document->{components}{securitySchemes}};
is($scheme->{scheme}, 'bearer', 'it asks for a bearer token');
is((values %{contract('auth')->{components}{securitySchemes}})[0]{scheme},
    'basic', '... and the others for Basic');
ok(!(grep { /Introspect/ } keys %{$document->{components}{schemas}}),
    'what nothing public reaches is left out');

for my $port (qw(http auth event)) {
	$res = $g->call(GET => '/swagger', on => $port);
	is($res->status, 301, "$port: /swagger is elsewhere") or
	    diag($res->brief);
	like($res->header('Location') // '', qr{^(?:http://[^/]+)?/swagger/$},
	    '... at /swagger/');
	$res = $g->call(GET => '/swagger/', on => $port);
	is_status($res, 200, "$port: /swagger/");
	like($res->header('Content-Type'), qr{^text/html}, '... is a page');
	like($res->header('Content-Security-Policy') // '',
	    qr/default-src 'none'/, '... that may load from here alone');
	unlike($res->body, qr{(?:src|href)="?(?:https?:)?//},
	    '... and names no other host');
	my @parts = $res->body =~ /(?:src|href)="([^"]+)"/g;
	ok(@parts > 1, '... of several parts');
	for my $part (@parts) {
		my $path = $part =~ m{^/} ? $part : '/swagger/' .
		    $part =~ s{^\./}{}r;
		$res = $g->call(GET => $path, on => $port);
		is_status($res, 200, "$port: $path");
	}
}
is_status($g->call(GET => '/swagger/', on => 'ops'), 404,
    'the operations port has no page');
is_problem($g->call(GET => '/swagger/nothing.js'), 404, 'NOT_FOUND',
    'a part that is not there', front => 1);

done_testing;
