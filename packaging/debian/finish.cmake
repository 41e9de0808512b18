# What CPack runs on the tree that it is about to pack: makes it what Debian's policy says.
set(root ${CPACK_TEMPORARY_DIRECTORY})
set(doc ${root}/usr/share/doc/brimfs)

# file(INSTALL) would go to DESTDIR, which is the tree already.
function(put source directory name)
  file(MAKE_DIRECTORY ${root}/${directory})
  configure_file(${CPACK_BRIMFS_PACKAGING}/${source} ${root}/${directory}/${name} @ONLY
    FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endfunction()

put(brimfs.conf etc/brimfs brimfs.conf)
put(debian/copyright usr/share/doc/brimfs copyright)
put(debian/changelog.in usr/share/doc/brimfs changelog.Debian)
put(debian/lintian-overrides usr/share/lintian/overrides brimfs)

# Whatever the umask is.
execute_process(COMMAND find ${root} -type d -exec chmod 755 {} + COMMAND_ERROR_IS_FATAL ANY)

file(GLOB_RECURSE compressed ${root}/usr/share/man/*.[1-8] ${doc}/changelog.Debian)
execute_process(COMMAND gzip -9nf ${compressed} COMMAND_ERROR_IS_FATAL ANY)
