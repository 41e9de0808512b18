// The tables of the catalogue (core/catalogue.h), and how a connection to it is set up.
#ifndef BRIMFS_CORE_CATALOGUE_SCHEMA_H_
#define BRIMFS_CORE_CATALOGUE_SCHEMA_H_

#include "core/sqlite.h"
#include "core/status.h"

namespace brimfs {

// Sets `database` up and makes the tables if it is empty. Whatever is not exactly a catalogue of
// this format fails with Sqlite::Trouble::kDamage. Reads no more than the first pages.
Status PrepareCatalogue(Sqlite& database);

}  // namespace brimfs

#endif  // BRIMFS_CORE_CATALOGUE_SCHEMA_H_
