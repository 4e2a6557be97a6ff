// GET /v1/models.

#if Server
import Foundation
import HTTPTypes
import Hummingbird

/// The models that a server has.
struct ModelRoutes: Sendable {
  let models: ModelPool

  private static let created = Int(Date().timeIntervalSince1970)

  private struct ModelBody: Encodable {
    var id: String
    var object = "model"
    var created = ModelRoutes.created
    var owner = "swiftlet"
    var multilingual: Bool?
    var loaded: Bool
    var isDefault: Bool

    enum CodingKeys: String, CodingKey {
      case id, object, created, multilingual, loaded
      case owner = "owned_by"
      case isDefault = "default"
    }

    init(_ entry: ModelPool.Entry) {
      id = entry.id
      multilingual = entry.isMultilingual
      loaded = entry.isLoaded
      isDefault = entry.isDefault
    }
  }

  private struct List: Encodable {
    var object = "list"
    var data: [ModelBody]
  }

  func add(to group: RouterGroup<ServerContext>) {
    group.get("models") { _, _ in JSON.response(List(data: await models.entries.map(ModelBody.init))) }
    // Repositories have a slash in their names.
    group.get("models/**") { _, context in
      let name = context.parameters.getCatchAll().joined(separator: "/").removingPercentEncoding ?? ""
      let id = try models.id(for: name)
      guard let entry = await models.entries.first(where: { $0.id == id }) else { throw HTTPError(.notFound) }
      return JSON.response(ModelBody(entry))
    }
  }
}
#endif
