// SPDX-License-Identifier: GPL-2.0
//
// Several nodes of hyperdht or of bittorrent-dht in one process.
//
// Usage: npm.js NAME MODULES ADDRESS PORT COUNT BOOTSTRAP
//
// MODULES is where npm has put them. Ports count up from PORT. BOOTSTRAP is
// ADDRESS:PORT, or - where the first node is what the others join through.
// What it reads and prints: tools/bench/dht/sides/load.h.
'use strict'

const crypto = require('crypto')
const path = require('path')
const readline = require('readline')

const VALUE = 100

async function hyperdht (modules, address, port, count, bootstrap) {
  const DHT = require(path.join(modules, 'hyperdht'))
  const nodes = []

  for (let i = 0; i < count; i++) {
    let node

    if (!bootstrap) {
      node = DHT.bootstrapper(port, address, { host: address })
      bootstrap = [{ host: address, port }]
    } else {
      node = new DHT({
        bootstrap,
        ephemeral: false,
        firewalled: false,
        host: address,
        port: port + i
      })
    }
    await node.fullyBootstrapped()
    nodes.push(node)
  }
  return {
    id: (i) => nodes[i].id,
    store: async (i, value) => (await nodes[i].immutablePut(value)).hash,
    find: async (i, key) => !!(await nodes[i].immutableGet(key))
  }
}

async function bittorrent (modules, address, port, count, bootstrap) {
  const at = path.join(modules, 'bittorrent-dht', 'index.js')
  const { Client } = await import(at)
  const nodes = []

  for (let i = 0; i < count; i++) {
    const node = new Client({
      bootstrap: bootstrap
        ? bootstrap.map((one) => `${one.host}:${one.port}`)
        : false
    })

    await new Promise((resolve) => node.listen(port + i, address, resolve))
    if (bootstrap && !node.ready) {
      await new Promise((resolve) => node.once('ready', resolve))
    }
    bootstrap = bootstrap || [{ host: address, port }]
    nodes.push(node)
  }
  return {
    id: (i) => nodes[i].nodeId,
    store: (i, v) => new Promise((resolve) => nodes[i].put({ v },
      (err, hash) => resolve(err ? null : hash))),
    find: (i, key) => new Promise((resolve) => nodes[i].get(key,
      (err, result) => resolve(!err && !!result)))
  }
}

// Of the own nodes, the one furthest from a key: it does not hold it itself.
function furthest (side, count, key) {
  const away = (i) => side.id(i).map((b, at) => b ^ key[at])
  let best = 0

  for (let i = 1; i < count; i++) {
    if (Buffer.compare(away(i), away(best)) > 0) best = i
  }
  return best
}

async function load (jobs, width, one) {
  const begin = process.hrtime.bigint()
  const result = { begin: Number(begin), ok: 0, ns: [], keys: [] }
  let next = 0

  const worker = async () => {
    while (next < jobs.length) {
      const job = jobs[next++]
      const since = process.hrtime.bigint()
      const key = await one(job).catch(() => null)

      result.ns.push(Number(process.hrtime.bigint() - since))
      if (key) result.ok++
      if (key instanceof Uint8Array) {
        result.keys.push(Buffer.from(key).toString('hex'))
      }
    }
  }

  await Promise.all(Array.from({ length: width }, worker))
  result.end = Number(process.hrtime.bigint())
  return result
}

async function main () {
  const [name, modules, address, port, n, via] = process.argv.slice(2)
  const make = { hyperdht, 'bittorrent-dht': bittorrent }[name]
  const [host, at] = via.split(':')
  const count = Number(n)
  const side = await make(modules, address, Number(port), count,
    via === '-' ? null : [{ host, port: Number(at) }])

  console.log('{"ready":true}')
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [verb, width, ...rest] = line.split(' ')
    let answer

    if (verb === 'store') {
      answer = await load(Array.from({ length: Number(rest[0]) }), Number(width),
        () => side.store(crypto.randomInt(count), crypto.randomBytes(VALUE)))
    } else {
      answer = await load(rest.map((key) => Buffer.from(key, 'hex')),
        Number(width), (key) => side.find(furthest(side, count, key), key))
    }
    console.log(JSON.stringify(answer))
  }
  process.exit(0)
}

main().catch((err) => {
  console.error(`Error: ${err.stack}.`)
  process.exit(1)
})
