"""Names that C, POSIX and common compilers have taken.

Keywords of C and C++, and every lower-case identifier that the headers of C99 and POSIX.1-2008
(with XSI) declare on a GNU system, besides some that compilers know without a header. (Names
without a lower-case letter are macros' by custom, and refused as a kind.)
"""

_TAKEN = """
    AF_DECnet L_ctermid L_tmpnam PF_DECnet PRId16 PRId32 PRId64 PRId8 PRIdFAST16 PRIdFAST32
    PRIdFAST64 PRIdFAST8 PRIdLEAST16 PRIdLEAST32 PRIdLEAST64 PRIdLEAST8 PRIdMAX PRIdPTR PRIi16
    PRIi32 PRIi64 PRIi8 PRIiFAST16 PRIiFAST32 PRIiFAST64 PRIiFAST8 PRIiLEAST16 PRIiLEAST32
    PRIiLEAST64 PRIiLEAST8 PRIiMAX PRIiPTR PRIo16 PRIo32 PRIo64 PRIo8 PRIoFAST16 PRIoFAST32
    PRIoFAST64 PRIoFAST8 PRIoLEAST16 PRIoLEAST32 PRIoLEAST64 PRIoLEAST8 PRIoMAX PRIoPTR PRIu16
    PRIu32 PRIu64 PRIu8 PRIuFAST16 PRIuFAST32 PRIuFAST64 PRIuFAST8 PRIuLEAST16 PRIuLEAST32
    PRIuLEAST64 PRIuLEAST8 PRIuMAX PRIuPTR PRIx16 PRIx32 PRIx64 PRIx8 PRIxFAST16 PRIxFAST32
    PRIxFAST64 PRIxFAST8 PRIxLEAST16 PRIxLEAST32 PRIxLEAST64 PRIxLEAST8 PRIxMAX PRIxPTR P_tmpdir
    SCNd16 SCNd32 SCNd64 SCNd8 SCNdFAST16 SCNdFAST32 SCNdFAST64 SCNdFAST8 SCNdLEAST16
    SCNdLEAST32 SCNdLEAST64 SCNdLEAST8 SCNdMAX SCNdPTR SCNi16 SCNi32 SCNi64 SCNi8 SCNiFAST16
    SCNiFAST32 SCNiFAST64 SCNiFAST8 SCNiLEAST16 SCNiLEAST32 SCNiLEAST64 SCNiLEAST8 SCNiMAX
    SCNiPTR SCNo16 SCNo32 SCNo64 SCNo8 SCNoFAST16 SCNoFAST32 SCNoFAST64 SCNoFAST8 SCNoLEAST16
    SCNoLEAST32 SCNoLEAST64 SCNoLEAST8 SCNoMAX SCNoPTR SCNu16 SCNu32 SCNu64 SCNu8 SCNuFAST16
    SCNuFAST32 SCNuFAST64 SCNuFAST8 SCNuLEAST16 SCNuLEAST32 SCNuLEAST64 SCNuLEAST8 SCNuMAX
    SCNuPTR SCNx16 SCNx32 SCNx64 SCNx8 SCNxFAST16 SCNxFAST32 SCNxFAST64 SCNxFAST8 SCNxLEAST16
    SCNxLEAST32 SCNxLEAST64 SCNxLEAST8 SCNxMAX SCNxPTR _exit _longjmp _setjmp _tolower _toupper
    a64l abort abs accept access acos acosf acosh acoshf acoshl acosl active_reg_t aio_cancel
    aio_error aio_fsync aio_read aio_return aio_suspend aio_write alarm alignas alignof alloca
    alphasort and and_eq asctime asctime_r asin asinf asinh asinhf asinhl asinl asm assert atan
    atan2 atan2f atan2l atanf atanh atanhf atanhl atanl atexit atof atoi atol atoll auto
    basename bcmp bcopy bind bitand bitor blkcnt_t blksize_t bool break bsearch btowc bzero cabs
    cabsf cabsl cacos cacosf cacosh cacoshf cacoshl cacosl calloc carg cargf cargl case casin
    casinf casinh casinhf casinhl casinl catan catanf catanh catanhf catanhl catanl catch
    catclose catgets catopen cbrt cbrtf cbrtl cc_t ccos ccosf ccosh ccoshf ccoshl ccosl ceil
    ceilf ceill cexp cexpf cexpl cfgetispeed cfgetospeed cfsetispeed cfsetospeed char char16_t
    char32_t char8_t chdir chmod chown cimag cimagf cimagl class clearerr clock
    clock_getcpuclockid clock_getres clock_gettime clock_nanosleep clock_settime clock_t
    clockid_t clog clogf clogl close closedir closelog co_await co_return co_yield compl complex
    concept confstr conj conjf conjl connect const const_cast consteval constexpr constinit
    continue copysign copysignf copysignl cos cosf cosh coshf coshl cosl cpow cpowf cpowl cproj
    cprojf cprojl creal crealf creall creat csin csinf csinh csinhf csinhl csinl csqrt csqrtf
    csqrtl ctan ctanf ctanh ctanhf ctanhl ctanl ctermid ctime ctime_r cuserid d_fileno datum
    daylight dbm_clearerr dbm_close dbm_delete dbm_error dbm_fetch dbm_firstkey dbm_nextkey
    dbm_open dbm_store dcgettext decltype default delete dev_t dgettext difftime dirfd dirname
    div dlclose dlerror dlopen dlsym do double double_t dprintf drand48 drem dremf dreml dup
    dup2 duplocale dynamic_cast ecvt else endgrent endhostent endnetent endorder endprotoent
    endpwent endservent endutxent entry enum environ erand48 erf erfc erfcf erfcl erff erfl err
    errno errx execl execle execlp execv execve execvp exit exp exp10 exp10f exp10l exp2 exp2f
    exp2l expf expl explicit expm1 expm1f expm1l export extern fabs fabsf fabsl faccessat false
    fattach fchdir fchmod fchmodat fchown fchownat fclose fcntl fcvt fdatasync fdetach fdim
    fdimf fdiml fdopen fdopendir feclearexcept fegetenv fegetexceptflag fegetround feholdexcept
    feof feraiseexcept ferror fesetenv fesetexceptflag fesetround fetestexcept feupdateenv
    fexcept_t fexecve fflush ffs fgetc fgetpos fgets fgetwc fgetws fileno finite finitef finitel
    float float_t flockfile floor floorf floorl fma fmaf fmal fmax fmaxf fmaxl fmemopen fmin
    fminf fminl fmod fmodf fmodl fmtmsg fnmatch fopen for fork fortran fpathconf fpclassify
    fpos_t fpregset_t fprintf fprintf_unlocked fputc fputs fputs_unlocked fputwc fputws fread
    free freeaddrinfo freelocale freopen frexp frexpf frexpl friend fsblkcnt_t fscanf fseek
    fseeko fsetpos fsfilcnt_t fstat fstatat fstatvfs fsync ftell ftello ftok ftruncate
    ftrylockfile ftw funlockfile futimens fwide fwprintf fwrite fwscanf gai_strerror gamma
    gammaf gammal gcvt getaddrinfo getc getc_unlocked getchar getchar_unlocked getcwd getdate
    getdate_err getdelim getegid getenv geteuid getgid getgrent getgrgid getgrgid_r getgrnam
    getgrnam_r getgroups gethostbyaddr gethostbyname gethostent gethostid gethostname getitimer
    getline getlogin getlogin_r getmsg getnameinfo getnetbyaddr getnetbyname getnetent getopt
    getpeername getpgid getpgrp getpid getpmsg getppid getpriority getprotobyname
    getprotobynumber getprotoent getpwent getpwnam getpwnam_r getpwuid getpwuid_r getrlimit
    getrusage gets getservbyname getservbyport getservent getsid getsockname getsockopt
    getsubopt gettext gettimeofday getuid getutxent getutxid getutxline getwc getwchar getwd
    gid_t glob globfree gmtime gmtime_r goto grantpt greg_t gregset_t hcreate hdestroy hsearch
    htonl htons hypot hypotf hypotl i386 iconv iconv_close iconv_open iconv_t id_t if
    if_freenameindex if_indextoname if_nameindex if_nametoindex ilogb ilogbf ilogbl imaginary
    imaxabs imaxdiv in6addr_any in6addr_loopback in_addr_t in_port_t index inet_addr inet_lnaof
    inet_makeaddr inet_netof inet_network inet_ntoa inet_ntop inet_pton initstate inline ino_t
    insque int int16_t int32_t int64_t int8_t int_fast16_t int_fast32_t int_fast64_t int_fast8_t
    int_least16_t int_least32_t int_least64_t int_least8_t intmax_t intptr_t ioctl isalnum
    isalnum_l isalpha isalpha_l isascii isastream isatty isblank isblank_l iscntrl iscntrl_l
    isdigit isdigit_l isfinite isgraph isgraph_l isgreater isgreaterequal isinf isinff isinfl
    isless islessequal islessgreater islower islower_l isnan isnanf isnanl isnormal isprint
    isprint_l ispunct ispunct_l isspace isspace_l isunordered isupper isupper_l iswalnum
    iswalnum_l iswalpha iswalpha_l iswblank iswblank_l iswcntrl iswcntrl_l iswctype iswctype_l
    iswdigit iswdigit_l iswgraph iswgraph_l iswlower iswlower_l iswprint iswprint_l iswpunct
    iswpunct_l iswspace iswspace_l iswupper iswupper_l iswxdigit iswxdigit_l isxdigit isxdigit_l
    j0 j0f j0l j1 j1f j1l jmp_buf jn jnf jnl jrand48 key_t kill killpg l64a labs lchown lcong48
    ldexp ldexpf ldexpl ldiv leaf lfind lgamma lgamma_r lgamma_rf lgamma_rl lgammaf lgammaf_r
    lgammal lgammal_r link linkat linux lio_listio listen llabs lldiv llrint llrintf llrintl
    llround llroundf llroundl locale_t localeconv localtime localtime_r lockf log log10 log10f
    log10l log1p log1pf log1pl log2 log2f log2l logb logbf logbl logf logl long longjmp lrand48
    lrint lrintf lrintl lround lroundf lroundl lsearch lseek lstat main malloc math_errhandling
    mblen mbrlen mbrtowc mbsinit mbsnrtowcs mbsrtowcs mbstate_t mbstowcs mbtowc memccpy memchr
    memcmp memcpy memmove memset mkdir mkdirat mkdtemp mkfifo mkfifoat mknod mknodat mkstemp
    mktemp mktime mlock mlockall mmap mode_t modf modff modfl mprotect mq_close mq_getattr
    mq_notify mq_open mq_receive mq_send mq_setattr mq_timedreceive mq_timedsend mq_unlink mqd_t
    mrand48 msgctl msgget msglen_t msgqnum_t msgrcv msgsnd msync munlock munlockall munmap
    mutable namespace nan nanf nanl nanosleep nearbyint nearbyintf nearbyintl new newlocale
    nextafter nextafterf nextafterl nexttoward nexttowardf nexttowardl nfds_t nftw nice nl_catd
    nl_item nl_langinfo nl_langinfo_l nlink_t noexcept not not_eq nrand48 ntohl ntohs nullptr
    off_t offsetof open open_memstream open_wmemstream openat opendir openlog operator optarg
    opterr optind optopt or or_eq pathconf pause pclose perror pid_t pipe poll popen
    posix_fadvise posix_fallocate posix_madvise posix_memalign posix_openpt posix_spawn
    posix_spawn_file_actions_addclose posix_spawn_file_actions_adddup2
    posix_spawn_file_actions_addopen posix_spawn_file_actions_destroy
    posix_spawn_file_actions_init posix_spawnattr_destroy posix_spawnattr_getflags
    posix_spawnattr_getpgroup posix_spawnattr_getschedparam posix_spawnattr_getschedpolicy
    posix_spawnattr_getsigdefault posix_spawnattr_getsigmask posix_spawnattr_init
    posix_spawnattr_setflags posix_spawnattr_setpgroup posix_spawnattr_setschedparam
    posix_spawnattr_setschedpolicy posix_spawnattr_setsigdefault posix_spawnattr_setsigmask
    posix_spawnp posix_trace_attr_destroy posix_trace_attr_init posix_trace_create
    posix_trace_event posix_trace_shutdown posix_trace_start posix_trace_stop postorder pow
    pow10 pow10f pow10l powf powl pread preorder printf printf_unlocked private protected
    pselect psiginfo psignal pthread_atfork pthread_attr_destroy pthread_attr_getdetachstate
    pthread_attr_getguardsize pthread_attr_getinheritsched pthread_attr_getschedparam
    pthread_attr_getschedpolicy pthread_attr_getscope pthread_attr_getstack
    pthread_attr_getstackaddr pthread_attr_getstacksize pthread_attr_init
    pthread_attr_setdetachstate pthread_attr_setguardsize pthread_attr_setinheritsched
    pthread_attr_setschedparam pthread_attr_setschedpolicy pthread_attr_setscope
    pthread_attr_setstack pthread_attr_setstackaddr pthread_attr_setstacksize pthread_attr_t
    pthread_barrier_destroy pthread_barrier_init pthread_barrier_wait
    pthread_barrierattr_destroy pthread_barrierattr_getpshared pthread_barrierattr_init
    pthread_barrierattr_setpshared pthread_cancel pthread_cleanup_pop pthread_cleanup_push
    pthread_cond_broadcast pthread_cond_destroy pthread_cond_init pthread_cond_signal
    pthread_cond_timedwait pthread_cond_wait pthread_condattr_destroy pthread_condattr_getclock
    pthread_condattr_getpshared pthread_condattr_init pthread_condattr_setclock
    pthread_condattr_setpshared pthread_create pthread_detach pthread_equal pthread_exit
    pthread_getconcurrency pthread_getcpuclockid pthread_getschedparam pthread_getspecific
    pthread_join pthread_key_create pthread_key_delete pthread_key_t pthread_kill
    pthread_mutex_consistent pthread_mutex_destroy pthread_mutex_getprioceiling
    pthread_mutex_init pthread_mutex_lock pthread_mutex_setprioceiling pthread_mutex_timedlock
    pthread_mutex_trylock pthread_mutex_unlock pthread_mutexattr_destroy
    pthread_mutexattr_getprioceiling pthread_mutexattr_getprotocol pthread_mutexattr_getpshared
    pthread_mutexattr_getrobust pthread_mutexattr_gettype pthread_mutexattr_init
    pthread_mutexattr_setprioceiling pthread_mutexattr_setprotocol pthread_mutexattr_setpshared
    pthread_mutexattr_setrobust pthread_mutexattr_settype pthread_once pthread_once_t
    pthread_rwlock_destroy pthread_rwlock_init pthread_rwlock_rdlock pthread_rwlock_timedrdlock
    pthread_rwlock_timedwrlock pthread_rwlock_tryrdlock pthread_rwlock_trywrlock
    pthread_rwlock_unlock pthread_rwlock_wrlock pthread_rwlockattr_destroy
    pthread_rwlockattr_getkind_np pthread_rwlockattr_getpshared pthread_rwlockattr_init
    pthread_rwlockattr_setkind_np pthread_rwlockattr_setpshared pthread_self
    pthread_setcancelstate pthread_setcanceltype pthread_setconcurrency pthread_setschedparam
    pthread_setschedprio pthread_setspecific pthread_sigmask pthread_spin_destroy
    pthread_spin_init pthread_spin_lock pthread_spin_trylock pthread_spin_unlock
    pthread_spinlock_t pthread_t pthread_testcancel ptrdiff_t ptsname public putc putc_unlocked
    putchar putchar_unlocked putenv putmsg putpmsg puts puts_unlocked pututxline putwc putwchar
    pwrite qsort raise rand rand_r random re_syntax_options read readdir readdir_r readlink
    readlinkat readv realloc realpath recv recvfrom recvmsg reg_syntax_t regcomp regerror
    regex_t regexec regfree register register_t regmatch_t regoff_t reinterpret_cast remainder
    remainderf remainderl remove remque remquo remquof remquol rename renameat requires restrict
    return rewind rewinddir rindex rint rintf rintl rlim_t rmdir round roundf roundl s6_addr
    s_reg_t sa_family_t sa_handler sa_sigaction scalb scalbf scalbl scalbln scalblnf scalblnl
    scalbn scalbnf scalbnl scandir scanf sched_get_priority_max sched_get_priority_min
    sched_getparam sched_getscheduler sched_priority sched_rr_get_interval sched_setparam
    sched_setscheduler sched_yield seed48 seekdir select sem_close sem_destroy sem_getvalue
    sem_init sem_open sem_post sem_timedwait sem_trywait sem_unlink sem_wait semctl semget semop
    send sendmsg sendto setbuf setegid setenv seteuid setgid setgrent sethostent setitimer
    setjmp setlocale setlogmask setnetent setpgid setpgrp setpriority setprotoent setpwent
    setregid setreuid setrlimit setservent setsid setsockopt setstate setuid setutxent setvbuf
    shm_open shm_unlink shmat shmatt_t shmctl shmdt shmget short shutdown si_addr si_addr_lsb
    si_arch si_band si_call_addr si_fd si_int si_lower si_overrun si_pid si_pkey si_ptr si_signo
    si_status si_stime si_syscall si_timerid si_uid si_upper si_utime si_value sig_atomic_t
    sigaction sigaddset sigaltstack sigdelset sigemptyset sigev_notify_attributes
    sigev_notify_function sigev_value sigfillset sighold sigignore siginterrupt sigismember
    sigjmp_buf siglongjmp signal signbit signed signgam significand significandf significandl
    sigpause sigpending sigprocmask sigqueue sigrelse sigset sigset_t sigsetjmp sigsuspend
    sigtimedwait sigwait sigwaitinfo sin sincos sincosf sincosl sinf sinh sinhf sinhl sinl
    size_t sizeof sleep snprintf sockatmark socket socketpair socklen_t speed_t sprintf sqrt
    sqrtf sqrtl srand srand48 srandom sscanf ssize_t st_atime st_ctime st_mtime stat static
    static_assert static_cast statvfs stderr stdin stdout stpcpy stpncpy strcasecmp strcasecmp_l
    strcat strchr strcmp strcoll strcoll_l strcpy strcspn strdup strerror strerror_l strerror_r
    strfmon strfmon_l strftime strftime_l strlen strncasecmp strncasecmp_l strncat strncmp
    strncpy strndup strnlen strpbrk strptime strrchr strsignal strspn strstr strtod strtof
    strtoimax strtok strtok_r strtol strtold strtoll strtoul strtoull strtoumax struct strxfrm
    strxfrm_l suseconds_t swab switch swprintf swscanf symlink symlinkat sync sysconf syslog
    system tan tanf tanh tanhf tanhl tanl tcdrain tcflag_t tcflow tcflush tcgetattr tcgetpgrp
    tcgetsid tcsendbreak tcsetattr tcsetpgrp tdelete telldir template tempnam tfind tgamma
    tgammaf tgammal this thread_local throw time time_t timer_create timer_delete
    timer_getoverrun timer_gettime timer_settime timer_t times timezone tmpfile tmpnam toascii
    tolower tolower_l toupper toupper_l towctrans towctrans_l towlower towlower_l towupper
    towupper_l trace_attr_t trace_event_id_t trace_id_t true trunc truncate truncf truncl try
    tsearch ttyname ttyname_r twalk typedef typeid typename typeof typeof_unqual tzname tzset
    u_int16_t u_int32_t u_int64_t u_int8_t ualarm ucontext_t uid_t uint16_t uint32_t uint64_t
    uint8_t uint_fast16_t uint_fast32_t uint_fast64_t uint_fast8_t uint_least16_t uint_least32_t
    uint_least64_t uint_least8_t uintmax_t uintptr_t ulimit umask uname ungetc ungetwc union
    unix unlink unlinkat unlockpt unsetenv unsigned useconds_t uselocale using usleep utime
    utimensat utimes va_arg va_copy va_end va_list va_start vdprintf vfork vfprintf vfscanf
    vfwprintf vfwscanf virtual void volatile vprintf vscanf vsnprintf vsprintf vsscanf vswprintf
    vswscanf vwprintf vwscanf wait waitid waitpid warn warnx wchar_t wcpcpy wcpncpy wcrtomb
    wcscasecmp wcscasecmp_l wcscat wcschr wcscmp wcscoll wcscoll_l wcscpy wcscspn wcsdup
    wcsftime wcslen wcsncasecmp wcsncasecmp_l wcsncat wcsncmp wcsncpy wcsnlen wcsnrtombs wcspbrk
    wcsrchr wcsrtombs wcsspn wcsstr wcstod wcstof wcstoimax wcstok wcstol wcstold wcstoll
    wcstombs wcstoul wcstoull wcstoumax wcswcs wcswidth wcsxfrm wcsxfrm_l wctob wctomb wctrans
    wctrans_l wctrans_t wctype wctype_l wctype_t wcwidth while wint_t wmemchr wmemcmp wmemcpy
    wmemmove wmemset wordexp wordfree wprintf write writev wscanf xor xor_eq y0 y0f y0l y1 y1f
    y1l yn ynf ynl
"""

RESERVED_IN_C = frozenset(_TAKEN.split())
