// Words that lead to what follows them: no line should end with one.

struct FunctionWords {
  /// Articles, prepositions, conjunctions and the like.
  let leading: Set<String>
  /// Those of them that begin no clause or phrase of its own after a verb: breaking before them gains nothing.
  let articles: Set<String>

  /// Those of a language, by its code; none where they are not known.
  static func of(_ language: String) -> FunctionWords { all[language] ?? none }

  private static let none = FunctionWords(articles: "", others: "")

  private init(articles: String, others: String) {
    self.articles = Set(articles.split(separator: " ").map(String.init))
    leading = self.articles.union(others.split(separator: " ").map(String.init))
  }

  private static let all = [
    "en": FunctionWords(
      articles:
        "a an the my your his her its our their this these those no every each some any i'm i you he she we they it",
      others: """
        of to in on at by for from with without into onto upon over under through between among against before after \
        during about as than like and or but nor so yet if when while where because although though unless until since \
        that which who whom whose what how why whether is are was were be been am has have had will would can could shall \
        should may might must do does did not very mr mrs ms dr
        """),
    "fr": FunctionWords(
      articles:
        "le la les l un une des du au aux ce cet cette ces mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs je tu il elle on nous vous ils elles",
      others: """
        de d à en dans sur sous par pour avec sans chez vers entre contre avant après depuis pendant et ou mais donc or ni \
        car que qu qui quoi dont où si quand comme parce lorsque puisque ne n se s est sont était a ont très plus
        """),
    "es": FunctionWords(
      articles:
        "el la los las un una unos unas lo mi mis tu tus su sus este esta estos estas ese esa yo él ella",
      others: """
        de del a al en con sin por para sobre entre hasta desde hacia contra según y e o u pero sino ni que quien cuyo \
        donde cuando como si porque aunque mientras no se es son ha han fue muy más
        """),
    "de": FunctionWords(
      articles: """
        der die das den dem des ein eine einen einem einer eines mein meine sein seine ihr ihre unser unsere dieser diese \
        dieses kein keine ich du er sie es wir
        """,
      others: """
        in im an am auf aus bei beim mit nach von vom zu zum zur für durch um über unter vor hinter zwischen gegen ohne \
        und oder aber denn sondern dass daß ob wenn weil als wie während obwohl damit ist sind war hat haben sehr
        """),
    "it": FunctionWords(
      articles: "il lo la i gli le l un uno una questo questa mio mia suo sua",
      others: """
        di del della dei degli delle a al alla ai alle da dal dalla in nel nella con su sul sulla per tra fra e ed o ma che \
        chi cui dove quando come se perché mentre non si è sono ha hanno più
        """),
    "pt": FunctionWords(
      articles: "o a os as um uma uns umas meu minha seu sua este esta esse essa eu ele ela",
      others: """
        de do da dos das em no na nos nas por pelo pela para com sem sobre entre até desde e ou mas que quem onde quando \
        como se porque embora não é são foi tem mais
        """),
    "nl": FunctionWords(
      articles: "de het een mijn zijn haar ons onze deze dit die ik hij zij wij",
      others:
        "van in op aan met voor door uit bij naar over onder tot tussen en of maar want dat als omdat toen niet is was"
    ),
  ]
}
