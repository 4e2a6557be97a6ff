#if Server
  import Hummingbird
  import GRDB
#endif
